"""The cursor: what the capture cut off is truncated, what the packet itself lacks is malformed."""

from __future__ import annotations

import numpy as np

from captools.wire.bytesview import BytesView
from captools.wire.columns import Columns
from captools.wire.frame import Batch


def batch(captured: int, wire: int) -> Batch:
    base = np.array([0], np.int64)
    return Batch(
        view=BytesView(b"\0" * 100),
        columns=Columns(1),
        base=base,
        at=base.copy(),
        end=base + captured,
        wire_end=base + wire,
    )


def stopped(one: Batch) -> str | None:
    return one.columns.to_table()["decode_stop"][0].as_py()


def test_enough_bytes_go_on():
    one = batch(20, 20)
    assert one.need(np.array([0]), 20).tolist() == [0] and stopped(one) is None


def test_bytes_the_capture_did_not_hold_are_truncated():
    one = batch(10, 40)
    assert one.need(np.array([0]), 20).tolist() == [] and stopped(one) == "truncated"


def test_bytes_the_packet_does_not_have_are_malformed():
    one = batch(10, 10)
    assert one.need(np.array([0]), 20).tolist() == [] and stopped(one) == "malformed"


def test_a_length_field_can_only_shrink_what_is_left():
    one = batch(50, 60)
    one.limit(np.array([0]), np.array([30]))
    assert (one.end[0], one.wire_end[0]) == (30, 30)
    one.limit(np.array([0]), np.array([500]))
    assert (one.end[0], one.wire_end[0]) == (30, 30)
