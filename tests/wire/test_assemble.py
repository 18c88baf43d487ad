"""The normalised tables: their schemas, their nulls, and lanes that hold each flow direction once."""

from __future__ import annotations

import numpy as np
import pytest

from captools.model.addresses import to_text
from captools.model.narrow import LANES, NARROW, SIDE_TABLES
from captools.wire.assemble import assemble
from captools.wire.kernels.buffers import LANE_WORDS
from captures import build
from tests.wire.equality import compiled


def test_nothing_gives_empty_tables_of_the_right_schemas():
    made = assemble([], np.empty((0, LANE_WORDS), np.uint64), (1,), "cut")
    assert (made.packets.schema, made.lanes.schema, len(made), made.damage_note) == (NARROW, LANES, 0, "cut")
    assert {name: table.schema for name, table in made.sides.items()} == SIDE_TABLES


@pytest.mark.slow
def test_a_flow_direction_is_one_lane_in_order_of_first_sight():
    def frame(src: str, dst: str, seq: int) -> bytes:
        return build.ethernet(build.ipv4(build.tcp(sport=1, dport=2, seq=seq), src=src, dst=dst, proto=6))

    there, back = ("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1")
    made = compiled(build.pcap([(at, frame(*pair, at)) for at, pair in enumerate((there, back, there, there, back))]))
    assert made.packets["lane"].to_pylist() == [0, 1, 0, 0, 1]
    assert made.packets["seq"].to_pylist() == [0, 1, 2, 3, 4]
    assert [to_text(one) for one in made.lanes["src"].to_pylist()] == ["10.0.0.1", "10.0.0.2"]
    assert made.lanes["outer_src"].null_count == 2 and made.lanes["tunnel"].to_pylist() == ["none", "none"]


@pytest.mark.slow
def test_side_tables_hold_only_the_rows_that_have_something():
    syn = build.ethernet(build.ipv4(build.tcp(sport=1, dport=2, options=b"\x02\x04\x05\xb4" + b"\x05\x0a" + bytes(8)),
                                    src="10.0.0.1", dst="10.0.0.2", proto=6))  # fmt: skip
    made = compiled(build.pcap([(0, b"short"), (1, syn), (2, build.ethernet(build.arp(op=1, sender="10.0.0.1",
                                target="10.0.0.2"), kind=0x0806))]))  # fmt: skip
    rows = {name: table["row"].to_pylist() for name, table in made.sides.items() if len(table)}
    assert rows == {"options": [1], "arp": [2], "damage": [0]}
    assert made.sides["options"].to_pylist() == [{"row": 1, "mss": 1460, "wscale": None, "sack": [0, 0]}]
    assert made.sides["damage"].to_pylist() == [{"row": 0, "decode_stop": "malformed", "decode_stop_at": 0}]
