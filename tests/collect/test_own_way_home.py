"""A capture without any filter, over ssh, on the very interface that carries it home: it must not see itself."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.pipeline import open_session

pytestmark = pytest.mark.lab


def relays(script: Path) -> list[int]:
    """Return the processes that carry ssh's TCP connection."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(script).encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_the_way_home_is_left_out_and_recorded_even_when_it_comes_back_from_another_port(node, tmp_path):
    stop, started, made = threading.Event(), threading.Event(), []
    request = CaptureRequest(targets=(node.sshd(),), interfaces=("eth1",), out=tmp_path / "session")
    thread = threading.Thread(target=lambda: made.append(capture(request, stop=stop, started=started)))
    thread.start()
    try:
        assert started.wait(40)
        node.send(100)
        for process in relays(node.folder / "relay.py"):
            os.kill(process, signal.SIGKILL)
        time.sleep(1.5)  # long enough to come back
        node.send(100)
        time.sleep(0.3)
    finally:
        stop.set()
        thread.join(60)
    (manifest,) = made
    (point,) = manifest.points
    assert (manifest.nodes[0].cuts, point.ok) == (1, True), point.error
    assert point.excluded == ("tcp and host 10.9.0.2 and host 10.9.0.1 and port 22",)
    pcap = str(tmp_path / "session" / point.file)
    seen = [
        subprocess.run(["tcpdump", "-n", "-r", pcap, *words], capture_output=True, text=True, check=True).stdout
        for words in (["tcp"], ["udp", "port", "7777"])
    ]
    assert seen[0] == "" and len(seen[1].splitlines()) == 200
    told = [one for one in open_session([str(tmp_path / "session")]).analysis.coverage if one.point == "n1/eth1"]
    assert any("own way home" in one.why_blind and "port 22" in one.why_blind for one in told)
