"""Batches: what is full is said before it overflows, and how packets are batched changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from captures.generate import generate
from tests.wire.equality import compiled, in_pieces

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("buffer", "part_rows"), [(700, 5), (1 << 14, 33), (1 << 18, 1_000)])
def test_flows_and_messages_are_the_same_whatever_the_parts(buffer, part_rows):
    data = b"".join(generate(packets=3_000, seed=2))
    whole, pieces = compiled(data), in_pieces(data, [1 << 20], buffer=buffer, part_rows=part_rows)
    assert pieces.flows.equals(whole.flows)
    assert all(pieces.sides[name].equals(whole.sides[name]) for name in ("heads", "hellos"))
    assert len(whole.sides["heads"]) > 200


def test_room_is_needed_for_lanes_and_for_all_the_messages_a_batch_may_bring():
    from captools.wire.kernels.batch import has_room
    from captools.wire.kernels.buffers import AT_ONCE, HEADS, HELLOS, LANES, LANES_FULL, PART_FULL, STATUS
    from captools.wire.kernels.records import LINES_A_PACKET
    from captools.wire.kernels.session import Common, port_table

    common = Common(port_table(()), part_rows=64)
    c = common.counters
    assert has_room(common.lanes, common.pending, c)
    for place, size, status in (
        (LANES, len(common.lanes.records) - AT_ONCE, LANES_FULL),
        (HEADS, len(common.sides.heads) - AT_ONCE * LINES_A_PACKET, PART_FULL),
        (HELLOS, len(common.sides.hellos) - AT_ONCE * LINES_A_PACKET, PART_FULL),
    ):
        c[:] = np.zeros_like(c)
        c[place] = size
        assert has_room(common.lanes, common.pending, c)
        c[place] += 1
        assert not has_room(common.lanes, common.pending, c) and c[STATUS] == status
