"""Counting points over a packet table in pieces."""

from __future__ import annotations

from captools.model.packets import PACKETS
from captools.views.point_facts import point_facts


def test_pieces_add_up_whatever_their_borders(sample):
    rows = [
        {"source": "a", "point": "n/x", "ts_ns": 30, "cap_len": 10},
        {"source": "a", "point": "n/y", "ts_ns": 20, "cap_len": 1, "decode_stop": "truncated"},
        {"source": "a", "point": "n/x", "ts_ns": 10, "cap_len": 5, "decode_stop": "truncated"},
        {"source": "b", "point": "n/x", "ts_ns": 40, "cap_len": 7},
    ]
    table = sample.table(rows)
    whole = point_facts([table])
    assert [(one.source, one.point, one.packets, one.bytes, one.first_ns, one.last_ns) for one in whole] == [
        ("a", "n/x", 2, 15, 10, 30), ("a", "n/y", 1, 1, 20, 20), ("b", "n/x", 1, 7, 40, 40),
    ]  # fmt: skip
    assert whole[0].stops == whole[1].stops == {"truncated": 1} and not whole[2].stops
    assert point_facts([table.slice(at, 1) for at in range(4)]) == whole


def test_packets_of_printed_text_count_and_have_no_bytes(sample):
    rows = [{"source": "a", "point": "n/x", "ts_ns": at, "cap_len": None} for at in (1, 2)]
    (one,) = point_facts([sample.table(rows)])
    assert (one.packets, one.bytes, one.first_ns, one.last_ns) == (2, 0, 1, 2)


def test_no_packet_is_no_point():
    assert point_facts([PACKETS.empty_table()]) == point_facts([]) == []
