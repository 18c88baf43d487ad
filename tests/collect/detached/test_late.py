"""A capture of which another captools has fetched the beginning: its file begins at the next whole packet, and says so."""

from __future__ import annotations

import shutil
import struct
import threading
from datetime import UTC, datetime

import pytest

from captools.collect.detached.adopt import adopt
from captools.collect.detached.again import How, take_up
from captools.collect.detached.late import NoBorder, begin_late
from captools.collect.detached.lying import ask
from captools.collect.detached.register import find
from captools.collect.detached.visit import Visit
from captools.collect.planning.plan import PlannedRun
from captools.collect.point import PointCapture
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.spooling import SpoolWish
from captools.model.points import Point, Role
from tests.collect.faults import numbers, wait_for

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A state folder of this test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_what_was_fetched_elsewhere_is_missing_at_the_beginning_and_said(node, tmp_path):
    request = CaptureRequest(
        targets=(node.target(),), interfaces=("eth1",), bpf="udp port 7777", buffer_bytes=8 << 20,
        out=tmp_path / "lost", detach=True, spool=SpoolWish(segment_bytes=100_000),
    )  # fmt: skip
    name = str(capture(request, stop=threading.Event()).extra["capture"])
    shutil.rmtree(tmp_path / "lost")
    lying = ask([node.target()])
    node.send(1000, size=1000)
    entry = lying[0].captures[0]
    with Visit(node.target()) as visit:  # the other captools fetches some whole segments, cut in the middle of packets
        visit.attach(entry["capture"])
        wait_for(lambda: _data(visit.attach(entry["capture"]))["written"] > 900_000)
        visit._link.send("ack", capture=entry["capture"], streams=[{"channel": 1, "stream": "data", "upto": 350_000}])
        wait_for(lambda: _data(visit.attach(entry["capture"]))["oldest"] >= 300_000)
        oldest = _data(visit.attach(entry["capture"]))["oldest"]
    folder = adopt(name, ask([node.target()]), spool_dir="", out=tmp_path / "s", end=True, say=pytest.fail)
    said: list[str] = []
    manifest = take_up(*find(str(folder)), How.STOP, stop=threading.Event(), warn=said.append)
    point, found = manifest.points[0], list(numbers(tmp_path / "s/n1__eth1.pcap"))
    assert found == list(range(found[0], 1000)) and point.packets == len(found)
    record = 16 + 42 + len(b"captools-test 00000000 ") + 1000
    assert found[0] == -(-(oldest - 24) // record)  # the first one that is whole
    begins = 24 + found[0] * record
    assert manifest.complete and point.ok and point.lost_bytes == 0 and point.holes == 0
    (sentence,) = said
    assert f"begins at byte {begins:,} of its stream; another captools has fetched" in sentence
    assert point.notes == (sentence,) and manifest.warnings == (sentence,)
    first = struct.unpack_from("<II", (tmp_path / "s/n1__eth1.pcap").read_bytes(), 24)
    assert point.started >= f"{_utc(first[0])}"


def test_where_no_packet_begins_yet_it_is_not_guessed(node):
    run = PlannedRun(channel=1, point=Point("n1", "eth1"), role=Role.NIC, argv=(), filter="")
    point = PointCapture(run=run, request=CaptureRequest(targets=()))
    header = "1MOyoQIABAAAAAAAAAAAAAAABAABAAAA"  # of a pcap, in base64
    stream = {"oldest": 5000, "written": 5000, "dropped": 0}
    told = {"mode": "keep", "points": [{"channel": 1, "header": header, "streams": {"data": stream}}]}
    with Visit(node.target()) as visit, pytest.raises(NoBorder):
        begin_late(visit, "s-1", told, [point])
    with Visit(node.target()) as visit:  # once it has ended, nothing more comes: an empty file is right
        begin_late(visit, "s-1", {**told, "stopped_ns": 1}, [point])
        assert point.packets.begins == 5000 and point.packets.lost == 0 and "byte 5,000" in point.elsewhere()


def _data(state: dict) -> dict:
    return state["points"][0]["streams"]["data"]


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
