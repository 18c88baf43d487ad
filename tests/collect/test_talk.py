"""A node's connection that is cut again and again: every packet comes home, once."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from pathlib import Path

import pytest

from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.spooling import SpoolWish
from tests.collect.faults import Witness, kill, numbers, processes, wait_for
from tests.depth import DEEP

pytestmark = pytest.mark.lab
CUTS, MEGABYTES, LIMIT = (100, 1000, 12_000_000) if DEEP else (10, 32, 8_000_000)
SIZE = 1400


@pytest.mark.timeout(1800 if DEEP else 120)
def test_no_packet_is_lost_or_doubled_however_often_the_connection_is_cut(node, tmp_path):
    spool, out = tmp_path / "spool", tmp_path / "s"
    spool.mkdir()
    witness = Witness(spool, tmp_path / "kept")
    count = MEGABYTES * 1_000_000 // (SIZE + 80)
    wish = SpoolWish(
        spool_dir=str(spool), limit_bps=LIMIT, compress="never", segment_bytes=2 << 20, spool_bytes=4 << 30
    )
    target = node.sshd()
    request = CaptureRequest(
        targets=(target,), interfaces=("eth1",), bpf="udp port 7777", out=out, spool=wish, buffer_bytes=64 << 20
    )
    stop, started, cuts = threading.Event(), threading.Event(), []

    def drive() -> None:
        assert started.wait(30)
        sender = threading.Thread(target=_send, args=(node, count))
        sender.start()
        chance, file, relay = random.Random(count), out / "n1__eth1.pcap", f"{node.folder}/relay.py"
        try:
            for _ in range(CUTS):
                # Only a connection that has brought something is worth cutting.
                wait_for(lambda: processes(relay))
                size = file.stat().st_size
                wait_for(lambda size=size: file.stat().st_size > size)
                time.sleep(chance.uniform(0.0, 0.2))
                cuts.append(kill(*processes(relay)))
            sender.join()
        finally:
            stop.set()

    driver = threading.Thread(target=drive)
    driver.start()
    said: list[str] = []
    try:
        manifest = capture(request, stop=stop, started=started, warn=said.append)
    finally:
        stop.set()
        driver.join()
    point = manifest.points[0]
    assert said == [] and manifest.complete
    assert cuts == [1] * CUTS and manifest.nodes[0].cuts == CUTS
    assert point.packets == point.counts.captured == count and point.counts.dropped == 0
    assert list(numbers(out / "n1__eth1.pcap")) == list(range(count))
    stream = witness.stream()
    assert point.sha256 == hashlib.sha256(stream).hexdigest() == _sha256(out / "n1__eth1.pcap")
    assert list(spool.rglob("*.seg")) == [] and node.wait_until_alone() == []


def _send(node, count: int) -> None:
    for first in range(0, count, 200_000):
        node.send(min(200_000, count - first), size=SIZE, first=first)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
