"""Figures: what each stream adds up to, and what is left out of the sums."""

from __future__ import annotations

from typing import Any

import pytest

from captools.correlate.tcp.figures import REORDERING_NS, figures
from captools.model.tcp import TCP_STREAMS
from tests.correlate.same.wires import MS
from tests.correlate.tcp.conversation import Talk

POINT = "n/e"


def row(talk: Talk, *, reply: bool = False, point: str = POINT) -> dict[str, Any]:
    table = figures(talk.rows(), talk.segments())
    assert table.schema == TCP_STREAMS
    return next(one for one in table.to_pylist() if one["reply"] is reply and one["point"] == point)


def fetched(*points: str) -> Talk:
    """A asks, B answers with four segments, A acknowledges them."""
    talk = Talk().opened(*points)
    talk.a(5, *points, size=60)
    for number in range(4):
        talk.b(6 + number, *points[::-1], seq=1 + 1000 * number, ack=61, size=1000)
    talk.a(10, *points, seq=61, ack=4001)
    return talk


def test_packets_bytes_sizes_and_times_of_one_stream():
    talk = fetched(POINT)
    there, back = row(talk), row(talk, reply=True)
    assert (there["packets"], there["segments"], there["payload_bytes"]) == (4, 2, 60)
    assert (back["packets"], back["segments"], back["payload_bytes"], back["delivered_bytes"]) == (5, 5, 4000, 4000)
    assert (back["largest_payload"], back["largest_packet"]) == (1000, 1000 + 20 + 32)
    assert back["wire_bytes"] == 4 * (1000 + 66) + 14 + 20 + 36  # the SYN-ACK has an MSS option more
    assert back["data_last_ns"] - back["data_first_ns"] == 3 * MS and back["last_ns"] - back["first_ns"] == 8.6 * MS
    assert (there["mss"], back["mss"], there["syns"]) == (1460, 1460, 1)


def test_the_handshake_has_a_part_before_and_a_part_behind_the_point():
    talk = Talk().opened("near/e", "far/e", trip_ms=2)
    near = [row(talk, reply=reply, point="near/e")["handshake_ns"] for reply in (False, True)]
    far = [row(talk, reply=reply, point="far/e")["handshake_ns"] for reply in (False, True)]
    assert near == [810_000, 1_190_000] and far == [790_000, 1_210_000]


def test_a_handshake_that_was_repeated_tells_no_round_trip():
    talk = Talk()
    talk.a(0, POINT, seq=0, flags=2)
    talk.opened(POINT, ms=1000)
    assert row(talk)["handshake_ns"] is None and row(talk)["syns"] == 2


def test_what_came_again_counts_as_sent_again_and_not_as_delivered():
    talk = fetched(POINT)
    talk.b(300, POINT, seq=3001, ack=61, size=1000)
    back = row(talk, reply=True)
    assert (back["retransmitted_segments"], back["retransmitted_bytes"]) == (1, 1000)
    assert (back["payload_bytes"], back["delivered_bytes"]) == (5000, 4000)


def test_the_same_packet_seen_twice_was_not_sent_twice():
    talk = fetched(POINT)
    copies = talk.points[POINT]
    copies += [(ts + 1, frame) for ts, frame in copies[3:5]]
    assert row(talk, reply=True)["retransmitted_segments"] == 0


@pytest.mark.parametrize(("late_ms", "kind"), [(0.5, "reordered_segments"), (1.5, "recovered_segments")])
def test_a_gap_filled_within_a_round_trip_was_overtaken_and_later_it_was_sent_again(late_ms, kind):
    talk = Talk().opened(POINT, trip_ms=1)
    for ms, seq in ((5, 1), (6, 201), (6 + late_ms, 101)):
        talk.b(ms, POINT, seq=seq, size=100)
    back = row(talk, reply=True)
    assert {name: back[name] for name in ("reordered_segments", "recovered_segments")} == {
        "reordered_segments": 0, "recovered_segments": 0, kind: 1,
    }  # fmt: skip


def test_without_a_handshake_the_usual_time_tells_them_apart():
    for ns, recovered in ((REORDERING_NS - 1, 0), (REORDERING_NS + 1, 1)):
        talk = Talk()
        for ms, seq in ((5, 1), (6, 201), (6 + ns / MS, 101)):
            talk.b(ms, POINT, seq=seq, size=100)
        assert row(talk, reply=True)["recovered_segments"] == recovered


def test_duplicate_acknowledgments_are_bare_and_alike():
    talk = fetched(POINT)
    talk.a(11, POINT, seq=61, ack=4001)
    talk.a(12, POINT, seq=61, ack=4001)
    talk.a(13, POINT, seq=61, ack=4001, window=900)  # opens the window
    talk.a(14, POINT, seq=61, ack=4001, window=900, size=10)  # carries something
    assert row(talk)["duplicate_acks"] == 2


def test_answers_to_keepalives_are_no_duplicates():
    talk = fetched(POINT)
    talk.b(9_000, POINT, seq=4000, ack=61)
    talk.a(9_001, POINT, seq=61, ack=4001)
    assert (row(talk)["duplicate_acks"], row(talk, reply=True)["keepalives"]) == (0, 1)


def test_a_closed_window_counts_and_a_reset_has_none():
    talk = fetched(POINT)
    talk.a(20, POINT, seq=61, ack=4001, window=0)
    talk.a(21, POINT, seq=61, ack=4001, window=0, flags=0x14)
    assert row(talk)["zero_windows"] == 1


def test_a_stream_without_payload_has_no_times_of_it():
    talk = Talk().opened(POINT)
    assert row(talk)["data_first_ns"] is None and row(talk)["mss"] == 1460
