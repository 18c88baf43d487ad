"""The walk over blocks: what it reads by itself and what it leaves to captools.wire.blocks."""

from __future__ import annotations

import numpy as np
import pytest

import tests.wire.equality  # noqa: F401  the kernels' cache folder
from tests.wire import ngblocks

pytestmark = pytest.mark.slow


def walked(data: bytes, order: str = "<", known: int = 1) -> tuple[int, int, int]:
    """Return why the walk ended, at which byte, and how many packets it read before."""
    from captools.wire.blocks import Clock
    from captools.wire.kernels.blocks import decode_blocks
    from captools.wire.kernels.buffers import AT, ROWS, STATUS
    from captools.wire.kernels.hashing import KEYS
    from captools.wire.kernels.interfaces import interface_row
    from captools.wire.kernels.session import Common, port_table

    buffer = np.zeros(len(data) + 64, np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    common = Common(port_table(()), part_rows=100)
    interfaces = np.stack([interface_row(1, 0, Clock())] * 2)
    decode_blocks(
        buffer, len(data), 0, order == "<", interfaces, 0, known, common.scratch, common.ports, KEYS, common.packets,
        common.sides, common.lanes, common.pending, common.counters,
    )  # fmt: skip
    return int(common.counters[STATUS]), int(common.counters[AT]), int(common.counters[ROWS])


@pytest.mark.parametrize("order", ["<", ">"])
def test_packets_are_read_and_what_is_about_no_packet_is_passed_over(order):
    from captools.wire.kernels.buffers import NEED_MORE

    data = b"".join(
        (
            ngblocks.enhanced(b"a" * 20, order=order), ngblocks.block(4, b"names", order), ngblocks.simple(b"b", order=order),
            ngblocks.block(0xBAD, b"", order), ngblocks.obsolete(b"c", order=order),
        )
    )  # fmt: skip
    assert walked(data, order) == (NEED_MORE, len(data), 3)


@pytest.mark.parametrize(
    "other",
    [
        ngblocks.section("<"), ngblocks.section(">"), ngblocks.interface(), ngblocks.statistics(1),
        ngblocks.enhanced(b"a", index=1), ngblocks.enhanced(b"a", cap_len=9), ngblocks.block(6, bytes(16)),
        ngblocks.block(3, b""), ngblocks.block(4, b"", again=16), bytes(12), b"\6\0\0\0\xff\xff\xff\xff" + bytes(8),
    ],
)  # fmt: skip
def test_what_describes_something_or_is_damaged_is_left(other):
    from captools.wire.kernels.buffers import OTHER_BLOCK

    packet = ngblocks.enhanced(b"a" * 20)
    assert walked(packet + other + packet) == (OTHER_BLOCK, len(packet), 1)


def test_a_simple_packet_before_any_interface_is_left():
    from captools.wire.kernels.buffers import OTHER_BLOCK

    assert walked(ngblocks.simple(b"a"), known=0) == (OTHER_BLOCK, 0, 0)


def test_a_block_that_is_not_there_yet_waits():
    from captools.wire.kernels.buffers import NEED_MORE

    packet = ngblocks.enhanced(b"a" * 20)
    for cut in range(len(packet)):
        assert walked(packet + packet[:cut]) == (NEED_MORE, len(packet), 1)
