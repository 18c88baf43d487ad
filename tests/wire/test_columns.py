"""Columns under construction: nulls where nothing was set, and tunnels that move the outer header aside."""

from __future__ import annotations

import numpy as np

from captools.model.packets import PACKETS, DecodeStop
from captools.wire.columns import Columns


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def test_what_was_never_set_is_null_and_what_was_set_is_there():
    columns = Columns(3)
    columns.put("ttl", rows(1), 64)
    columns.put("src", rows(2), np.full((1, 16), 7, np.uint8))
    columns.word("tunnel", rows(0, 2), "none")
    columns.sack[1] = [1, 2]
    table = columns.to_table()
    assert table.schema == PACKETS
    assert table["ttl"].to_pylist() == [None, 64, None]
    assert table["src"].to_pylist() == [None, None, b"\x07" * 16]
    assert table["tunnel"].to_pylist() == ["none", None, "none"]
    assert table["sack"].to_pylist() == [None, [1, 2], None]


def test_the_first_reason_to_stop_stands():
    columns = Columns(2)
    columns.stop(rows(0), DecodeStop.TRUNCATED, rows(14))
    columns.stop(rows(0, 1), DecodeStop.MALFORMED, rows(20, 30))
    table = columns.to_table()
    assert table["decode_stop"].to_pylist() == ["truncated", "malformed"]
    assert table["decode_stop_at"].to_pylist() == [14, 30]


def test_a_tunnel_in_a_tunnel_leaves_the_first_outer_header_alone():
    columns = Columns(1)
    columns.put("depth", rows(0), 0)
    columns.put("ttl", rows(0), 64)
    columns.open_tunnel(rows(0), "vxlan")
    columns.put("ttl", rows(0), 33)
    columns.open_tunnel(rows(0), "gre")
    table = columns.to_table()
    assert (table["outer_ttl"][0].as_py(), table["ttl"][0].as_py(), table["depth"][0].as_py()) == (64, None, 2)
    assert table["tunnel"][0].as_py() == "vxlan"
