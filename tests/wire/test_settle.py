"""Which uncertain WireGuard messages a handshake proves: same batch, same depth, one of its ports."""

from __future__ import annotations

import numpy as np

from captools.wire.decode import BATCH_ROWS
from captools.wire.kernels.buffers import SIDE_ROWS
from captools.wire.settle import proven


def message(row: int, kind: int, sport: int, dport: int, *, depth: int = 0, known: int = 1) -> tuple[int, ...]:
    return (row, 0, kind, 0, 0, 0, sport, dport, depth, known)


def settle(*messages: tuple[int, ...]) -> list[bool]:
    return proven(np.array(list(messages), SIDE_ROWS["wireguard"])).tolist()


def test_a_handshake_proves_messages_on_its_ports_before_and_after_it():
    assert settle(
        message(0, 4, 9, 4000, known=0), message(1, 1, 4000, 4001), message(2, 4, 4001, 7, known=0),
        message(3, 4, 9, 10, known=0),
    ) == [True, True, True, False]  # fmt: skip


def test_another_depth_or_another_batch_proves_nothing():
    assert settle(
        message(0, 4, 4000, 9, depth=1, known=0), message(1, 1, 4000, 4001), message(BATCH_ROWS, 4, 4000, 9, known=0)
    ) == [False, True, False]


def test_data_that_its_length_proves_does_not_vouch_for_its_ports():
    assert settle(message(0, 4, 4000, 9), message(1, 4, 4000, 9, known=0)) == [True, False]


def test_no_messages_are_no_problem():
    assert settle() == []
