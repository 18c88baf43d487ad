"""Segments: each packet of a stream once, counted from its first byte; what arrived; how long gaps were open."""

from __future__ import annotations

import numpy as np

from captools.correlate.same.lanes import lanes
from captools.correlate.same.match import match
from captools.correlate.same.repeats import Repeat, repeats
from captools.correlate.sightings import sightings
from captools.correlate.tcp.segments import Segments, segments
from captures.build import LINUX_SLL2, ipv4, pcap, sll2, tcp
from tests.correlate.same.wires import FIN, MS, START, groups_of
from tests.correlate.tcp.conversation import A0, Talk
from tests.wire.conftest import decode_table


def entries(found: Segments, stream: int) -> list[tuple[int, int, int]]:
    at = np.flatnonzero(found.stream == stream)
    return list(zip(found.begin[at].tolist(), found.end[at].tolist(), found.payload[at].tolist(), strict=True))


def test_each_stream_begins_at_its_first_byte_and_counts_syn_and_fin():
    talk = Talk().opened("n/e")
    talk.a(5, "n/e", size=100)
    talk.a(6, "n/e", seq=101, flags=FIN | 0x10)
    found = talk.segments()
    assert entries(found, 0) == [(0, 1, 0), (1, 1, 0), (1, 101, 100), (101, 102, 0)]
    assert (found.count, found.sums(found.sized()).tolist()) == (2, [3, 1])


def test_sequence_numbers_go_on_behind_2_to_the_32():
    talk = Talk()
    for number in range(3):
        talk.a(number, "n/e", seq=2**32 - A0 - 150 + 100 * number, size=100)
    assert entries(talk.segments(), 0) == [(0, 100, 100), (100, 200, 100), (200, 300, 100)]


def test_a_packet_that_a_router_shows_twice_counts_once():
    packet = {ttl: ipv4(tcp(b"x" * 9, sport=1, dport=2, seq=7), src="10.0.0.1", dst="10.0.0.2", proto=6, ttl=ttl, ident=5)
              for ttl in (64, 63)}  # fmt: skip
    frames = [(START, sll2(packet[64])), (START + 9, sll2(packet[63], ifindex=3, packet_type=4))]
    rows = sightings(decode_table({"r/any": pcap(frames, linktype=LINUX_SLL2)}))
    lane = lanes(rows, groups_of(rows))
    found = segments(rows, lane, match(rows).ids, repeats(rows, lane))
    assert found is not None and len(found.rows) == 1


def test_where_nobody_speaks_tcp_there_are_none():
    rows = Talk().rows()
    none = np.empty(0, np.int64)
    assert segments(rows, none, none, none.astype(np.int8)) is None


def test_of_a_point_that_shows_both_sides_of_a_translation_one_counts():
    talk = Talk()
    for number in range(3):
        talk.a(number, "n/e", seq=1 + 100 * number, size=100)
    known = talk.known()
    # What NAT makes of the last one, as a second address pair of the same lane.
    src = known.rows["src"].copy()
    src[2] = known.rows["dst"][0]
    known.rows.columns["src"] = src
    found = segments(known.rows, known.lane, np.arange(3), known.repeated)
    assert found is not None and found.rows.tolist() == [0, 1]


def test_bytes_that_come_again_are_delivered_once():
    talk = Talk().opened("n/e")
    for ms, seq, size in ((5, 1, 100), (6, 101, 100), (90, 101, 100), (91, 151, 100), (92, 301, 10)):
        talk.a(ms, "n/e", seq=seq, size=size)
    assert talk.segments().delivered().tolist() == [260, 0]


def test_a_gap_is_open_from_the_segment_that_overtook_it_on():
    talk = Talk().opened("n/e")
    for ms, seq in ((5, 1), (6, 201), (7, 301), (46, 101)):
        talk.a(ms, "n/e", seq=seq, size=100)
    found = talk.segments()
    assert found.waited().max() == 40 * MS and (found.waited() > 0).sum() == 1


def test_a_keepalive_without_a_byte_of_its_own_is_known_by_its_number():
    talk = Talk().opened("n/e")
    talk.a(5, "n/e", size=100)
    talk.a(9_000, "n/e", seq=100)
    assert talk.segments().kind.tolist().count(Repeat.KEEPALIVE) == 1
