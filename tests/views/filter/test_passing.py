"""A display filter over a growing capture: the same rows as over the whole."""

from __future__ import annotations

import pytest

from captools.views.filter import Tables, compile_filter
from captools.views.filter.passing import Passing
from captools.wire.decode import Naming
from captools.wire.follow import Follower
from captures.build import pcap
from tests.small_session import START, handshake

FRAMES = [(START + number * 1_000_000_000, frame) for number, (_ts, frame) in enumerate(handshake() * 3)]


@pytest.mark.parametrize("text", ["tcp.flags.syn == 1", "frame.time_delta > 0.5", "frame.time_relative >= 3", ""])
def test_in_pieces_and_whole_pass_the_same_frames(text):
    data, judge = pcap(FRAMES), compile_filter(text)

    def frames(piece: int) -> list[int]:
        follower = Follower("x", lambda interfaces: Naming(source="x", points=("x",)))
        passing, found = Passing(judge), []
        for at in range(0, len(data), piece):
            arrived = follower.feed(data[at : at + piece])
            if arrived is not None:
                tables, rows = passing.of(arrived)
                assert isinstance(tables, Tables)
                found += tables.packets["frame"].take(rows).to_pylist()
        return found

    assert frames(50) == frames(len(data)) and 0 < len(frames(50)) <= len(FRAMES)


def test_asked_tables_come_along_and_a_renewed_file_begins_its_own_time():
    follower = Follower("x", lambda interfaces: Naming(source="x", points=("x",)))
    passing = Passing(compile_filter("frame.time_relative == 0"), frozenset({"http"}))
    arrived = follower.feed(pcap(FRAMES[:3]))
    assert arrived is not None
    tables, rows = passing.of(arrived)
    assert tables.http is not None and rows.tolist() == [0]
    assert passing.of(arrived)[1].tolist() == [0]
    later = Follower("x", lambda interfaces: Naming(source="x", points=("x",))).feed(pcap(FRAMES[3:]))
    assert later is not None and passing.of(later)[1].tolist() == []
    passing.renew()
    assert passing.of(later)[1].tolist() == [0]
