"""Byte ranges side by side: rows and lanes count over the file, a side may be split over lanes."""

from __future__ import annotations

import numpy as np
import pytest

from captools.model.packets import Proto
from captools.wire.bytesview import BytesView
from captools.wire.decode import decode
from captools.wire.index import read_records
from captools.wire.lanes import places
from captures import build
from captures.generate import generate
from tests.wire.conversation import Seg, frame, opening
from tests.wire.equality import compiled, naming_of, plain
from tests.wire.ranges import apart

pytestmark = pytest.mark.slow


def shards(data: bytes, threads: int = 1):
    from captools.wire.shards import Shards

    return Shards([compiled(data)] if threads == 1 else apart(data, threads), naming_of(1))


def test_rows_and_lanes_count_over_all_ranges():
    data = b"".join(generate(packets=3_000, seed=2))
    whole, parts = shards(data), shards(data, 3)
    assert len(parts.rows) == 4 and parts.rows[-1] == whole.rows[-1] == 3_000
    every = [one.payloads(one.lane_numbers("proto") == Proto.TCP) for one in (whole, parts)]
    for name in ("row", "begin", "held", "length", "head", "seq", "flags"):
        assert getattr(every[0], name).tolist() == getattr(every[1], name).tolist(), name
    heads = parts.side("heads")
    assert heads["row"].to_pylist() == sorted(heads["row"].to_pylist())
    assert set(np.unique(parts.table["proto"].to_numpy()[heads["lane"].to_numpy()])) == {Proto.TCP}


def test_places_name_the_packets_as_the_packet_table_does():
    data = b"".join(generate(packets=500, seed=2))
    records = read_records(data, "t")
    packets = decode(BytesView(data), records, naming_of(1))
    rows = [0, 499, 3, 250]
    assert plain(shards(data, 2).places(rows)).equals(plain(places(packets, rows)))


def test_both_sides_of_a_conversation_have_one_number():
    data = build.pcap(
        list(enumerate(frame(one) for one in (opening(), opening(True), Seg(b"GET "), Seg(b"x", client_port=9))))
    )
    talks = shards(data).talks
    one, other, third = talks.code.tolist()
    assert {one, other} == {0, 1} and third >> 1 == 1 and not talks.split.any()
    assert talks.any_of("http").tolist() == [True, False]


def test_a_side_on_two_lanes_at_the_same_time_is_split():
    segment = build.ipv4(build.tcp(b"GET ", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=6)
    frames = [build.ethernet(segment, src="02:00:00:00:00:01"), build.ethernet(segment, src="02:00:00:00:00:02")]
    talks = shards(build.pcap(list(enumerate(frames)))).talks
    assert talks.code.tolist() == [0, 0] and talks.split.tolist() == [True]
