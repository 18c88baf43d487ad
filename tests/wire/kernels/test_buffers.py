"""Buffers: one column per field of the schema, no power-of-two stride, side rows for every side table."""

from __future__ import annotations

import numpy as np

from captools.model.narrow import MESSAGE_TABLES, NARROW, SIDE_TABLES
from captools.wire.kernels.buffers import (
    AT_ONCE,
    LANE_WORDS,
    SIDE_ROWS,
    Packets,
    Sides,
    lane_buffers,
    lane_keys,
    packet_buffers,
    side_buffers,
)
from captools.wire.kernels.growing import Growing
from captools.wire.kernels.records import FLOW, LINES_A_PACKET


def test_columns_stand_in_the_schemas_order_with_its_types():
    packets = packet_buffers(100)
    assert Packets._fields == tuple(NARROW.names)
    assert [column.dtype for column in packets] == [np.dtype(field.type.to_pandas_dtype()) for field in NARROW]
    assert {len(column) for column in packets} == {100}


def test_no_stride_is_a_power_of_two():
    packets = packet_buffers(1 << 16)
    starts = sorted(column.ctypes.data for column in packets if column.dtype == np.uint32)
    assert all((later - earlier) & (later - earlier - 1) for earlier, later in zip(starts, starts[1:], strict=False))


def test_every_side_table_has_its_rows():
    assert Sides._fields == tuple(SIDE_ROWS) == tuple(SIDE_TABLES)
    sizes = dict(zip(Sides._fields, map(len, side_buffers(7)), strict=True))
    # A batch may write so many rows of messages before anybody looks at how full the table is.
    more = AT_ONCE * LINES_A_PACKET
    assert sizes == {name: 7 + more if name in MESSAGE_TABLES else 7 for name in SIDE_TABLES}


def test_the_lane_table_is_never_more_than_half_full():
    keys = lane_keys(np.random.default_rng(1))
    lanes = lane_buffers(Growing(64, 8 * LANE_WORDS), Growing(64, FLOW.itemsize), keys)
    assert len(lanes.table) == 2 * len(lanes.records) == 128 and len(lanes.flows) == 64
    assert lanes.records.shape[1] == len(lanes.keys) == len(set(lanes.keys.tolist()))
