"""What is home, what is asked for again, and what the node may let go of."""

from __future__ import annotations

import hashlib

import pytest

from captools.collect.arrival import Arrival
from captools.collect.planning.plan import PlannedRun
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.protocol import Piece
from captools.collect.records import PcapCounter
from captools.collect.request import CaptureRequest
from captools.collect.shipping import TRIES, Shipping
from captools.model.points import Point, Role
from captools.store.arriving import ArrivingFile
from tests.collect.test_arrival import HEAD, STREAM, sha


@pytest.fixture
def home(tmp_path):
    """Two points, their shipping, and what was acknowledged."""
    points = {}
    for channel in (1, 2):
        run = PlannedRun(channel=channel, point=Point("w1", f"eth{channel}"), role=Role.NIC, argv=(), filter="")
        packets = Arrival(ArrivingFile(tmp_path / f"{channel}.pcap"), PcapCounter())
        points[channel] = PointCapture(run=run, request=CaptureRequest(targets=()), packets=packets)
        points[channel].ready(1)
    acks: list[dict[str, object]] = []
    shipping = Shipping(points, acks.extend)
    yield points, shipping, acks
    shipping.close()
    for point in points.values():
        point.close(whole=False)


def state(dropped: int = 0, oldest: int = 0, acked: int = 0, **more) -> dict:
    return {"streams": {"data": {"written": 9, "oldest": oldest, "acked": acked, "dropped": dropped}}, **more}


def segment(start: int, end: int) -> dict:
    return {"stream": "data", "start": start, "length": end - start, "sha256": sha(STREAM[start:end])}


def test_only_what_was_checked_and_is_on_disk_is_acknowledged(home):
    points, shipping, acks = home
    assert not shipping.take(points[1], Piece("data", 0, STREAM[:300]), "keep")
    shipping.settle()
    assert acks == []
    assert not shipping.check(points[1], segment(0, 200))  # more is here already: nothing can be marked yet
    shipping.take(points[1], Piece("data", 300, STREAM[300:400]), "keep")
    assert not shipping.check(points[1], segment(200, 400)) and points[1].packets.marked == 0
    assert not shipping.check(points[1], segment(0, 400)) and points[1].packets.marked == 400
    shipping.settle()
    assert acks == [{"channel": 1, "stream": "data", "upto": 400}]
    shipping.take(points[2], Piece("data", 0, STREAM[:10]), "keep")
    wanted = {(one["channel"], one["stream"]): one["from"] for one in shipping.wanted(packets=True)}
    assert wanted == {(1, "said"): 0, (2, "said"): 0, (1, "data"): 400, (2, "data"): 9}
    assert {one["stream"] for one in shipping.wanted(packets=False)} == {"said"}


def test_a_lost_acknowledgement_is_said_again_after_a_cut(home):
    points, shipping, acks = home
    shipping.take(points[1], Piece("data", 0, STREAM[:400]), "keep")
    shipping.check(points[1], segment(0, 400))
    shipping.settle()
    shipping.learn(points[1], state(), first=True)
    shipping.settle()
    assert [one["upto"] for one in acks] == [400, 400]


def test_a_segment_that_is_wrong_is_asked_for_again_and_the_third_time_only_that_point_is_given_up(home):
    points, shipping, _ = home
    for turn in range(TRIES):
        assert points[1].state is State.LISTENING
        shipping.take(points[1], Piece("data", 0, STREAM[:100] + b"!" + STREAM[101:400]), "keep")
        assert shipping.check(points[1], segment(0, 400)) and points[1].packets.held == 0, turn
        # What was under way before we asked again comes in between, and is let go.
        assert not shipping.take(points[1], Piece("data", 400, STREAM[400:500]), "keep")
    assert points[1].state is State.FAILED and "came damaged or out of place 3 times" in points[1].error
    assert points[2].state is State.LISTENING and shipping.broken == {1}
    assert {one["channel"] for one in shipping.wanted(packets=True) if one["stream"] == "data"} == {2}


def test_one_good_segment_forgives(home):
    points, shipping, _ = home
    for _ in range(5):
        shipping.take(points[1], Piece("data", 0, b"?" * 400), "keep")
        assert shipping.check(points[1], segment(0, 400))
        shipping.take(points[1], Piece("data", 0, STREAM[:400]), "keep")
        assert not shipping.check(points[1], segment(0, 400))
        points[1].packets.file.marked = 0  # type: ignore[misc]
        points[1].packets.file.rewind()
    assert not shipping.broken


@pytest.mark.parametrize(
    "lie", [{"start": -5}, {"length": "x"}, {"length": 10**12}, {"start": 10**15}, {"sha256": None}, {"stream": []}]
)
def test_lies_about_segments_never_raise(home, lie):
    points, shipping, _ = home
    shipping.take(points[1], Piece("data", 0, STREAM[:400]), "keep")
    for _ in range(10):
        shipping.check(points[1], segment(0, 400) | lie)
    assert points[2].state is State.LISTENING


def test_pieces_out_of_nowhere_are_a_fault_where_the_node_keeps_everything_and_a_gap_where_it_drops(home):
    points, shipping, _ = home
    later = len(HEAD) + 30 * 36
    for _ in range(TRIES):
        shipping.learn(points[1], state(), first=True)
        shipping.take(points[1], Piece("data", later, STREAM[later:]), "keep")
    assert points[1].state is State.FAILED
    header = {"header": __import__("base64").b64encode(HEAD).decode()}
    shipping.learn(points[2], state(dropped=later, oldest=later, **header), first=True)
    assert not shipping.take(points[2], Piece("data", later, STREAM[later:]), "drop")
    assert points[2].kept_bytes == len(HEAD + STREAM[later:]) and points[2].packets.lost == later - len(HEAD)


def test_a_point_is_home_when_all_its_streams_are_and_were_checked(home):
    points, shipping, _ = home
    points[1].exit = {"code": 0, "ends": {"data": 400, "text": 0, "said": 5}}
    shipping.take(points[1], Piece("data", 0, STREAM[:400]), "keep")
    shipping.take(points[1], Piece("said", 0, b"hello"), "keep")
    assert not shipping.complete(points[1])
    shipping.check(points[1], segment(0, 400))
    assert shipping.complete(points[1])
    points[1].exit = {"code": 0, "ends": "nothing"}
    assert shipping.complete(points[1])


def test_a_disk_that_refuses_is_told_once_and_nothing_is_acknowledged(tmp_path):
    class Refusing(ArrivingFile):
        def sync(self) -> None:
            raise OSError(28, "No space left on device")

    run = PlannedRun(channel=1, point=Point("w1", "eth1"), role=Role.NIC, argv=(), filter="")
    point = PointCapture(run=run, request=CaptureRequest(targets=()))
    point.packets = Arrival(Refusing(tmp_path / "f"), PcapCounter())
    acks: list[object] = []
    troubles: list[OSError] = []
    shipping = Shipping({1: point}, acks.extend, troubles.append)
    shipping.take(point, Piece("data", 0, STREAM), "keep")
    shipping.check(point, {**segment(0, len(STREAM)), "sha256": hashlib.sha256(STREAM).hexdigest()})
    shipping.start()
    assert shipping._helper is not None
    shipping._helper.join(5)
    assert [error.errno for error in troubles] == [28] and acks == []
    shipping.close()
    point.close(whole=False)
