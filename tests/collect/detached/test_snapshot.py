"""The last minutes of a capture that goes on, as a session of their own."""

from __future__ import annotations

import subprocess
import threading
import time

import pytest

from captools.collect.detached.again import How, take_up
from captools.collect.detached.register import find
from captools.collect.detached.snapshot import snapshot
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.spooling import SpoolWish
from captools.collect.targets import Target
from tests.collect.faults import numbers, wait_for

pytestmark = pytest.mark.lab


def test_a_snapshot_is_complete_in_itself_and_the_ring_goes_on(node, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    spool = tmp_path / "spool"
    spool.mkdir()
    gone = Target(name="gone", transport="netns", pid=2**22 - 1)
    request = CaptureRequest(
        targets=(node.target(), gone), interfaces=("eth1",), bpf="udp port 7777", buffer_bytes=32 << 20,
        out=tmp_path / "s", detach=True, spool=SpoolWish(spool_dir=str(spool), ring_bytes=4 << 20),
    )  # fmt: skip
    said: list[str] = []
    capture(request, stop=threading.Event(), warn=said.append)
    assert any("gone: process 4194303" in one for one in said)
    folder, remote = find("s-")
    quiet = snapshot(folder, remote, 10.0, tmp_path / "quiet", said.append)
    assert quiet.complete and quiet.points[0].ok and quiet.points[0].packets == 0
    node.send(3)
    few = snapshot(folder, remote, 60.0, tmp_path / "few", said.append)
    assert few.points[0].packets == 3  # though tcpdump had not written them by itself yet

    node.send(9000, size=1000, first=3)  # twice the ring
    time.sleep(1.2)
    manifest = snapshot(folder, remote, 600.0, tmp_path / "event", said.append)
    found, point = list(numbers(tmp_path / "event/n1__eth1.pcap")), manifest.points[0]
    assert found == list(range(found[0], found[-1] + 1)) and found[-1] >= 8990 and 1000 < len(found) < 6000
    assert manifest.complete and manifest.mode == "ring" and point.ok and point.packets == len(found)
    assert point.started < point.stopped and (tmp_path / "event/inventory/n1__ip-link.json").exists()
    read = subprocess.run(
        ["tcpdump", "-r", str(tmp_path / "event/n1__eth1.pcap"), "-w", "/dev/null"], capture_output=True, check=False
    )
    assert read.returncode == 0

    before = len(found)
    node.send(100, size=1000, first=9003)
    wait_for(lambda: max(_newest(folder, remote, tmp_path)) > found[-1])
    assert len(list(numbers(tmp_path / "event/n1__eth1.pcap"))) == before
    manifest = take_up(folder, remote, How.STOP, stop=threading.Event())
    assert list(numbers(tmp_path / "s/n1__eth1.pcap"))[-1] == 9102 and node.wait_until_alone() == []


def _newest(folder, remote, tmp_path) -> list[int]:
    out = tmp_path / f"again-{time.monotonic_ns()}"
    snapshot(folder, remote, 600.0, out, lambda sentence: None)
    return list(numbers(out / "n1__eth1.pcap"))
