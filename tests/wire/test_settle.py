"""Which uncertain WireGuard messages a handshake proves: anywhere in the file, same depth, one of its ports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from captools.wire.settle import MESSAGE, decide, settled, split, those

pytestmark = pytest.mark.usefixtures("no_io")


def message(row: int, kind: int, sport: int, dport: int, *, depth: int = 0, known: int = 1) -> tuple[int, ...]:
    return (row, kind, sport, dport, depth, known)


def table(*messages: tuple[int, ...]) -> Any:
    return np.array(list(messages), MESSAGE)


def rows(*messages: tuple[int, ...]) -> list[int]:
    return settled(table(*messages))["row"].tolist()


def test_a_handshake_proves_messages_on_its_ports_before_and_after_it():
    assert rows(
        message(0, 4, 9, 4000, known=0), message(1, 1, 4000, 4001), message(2, 4, 4001, 7, known=0),
        message(3, 4, 9, 10, known=0),
    ) == [0, 1, 2]  # fmt: skip


def test_it_proves_them_however_far_away_but_at_its_own_depth_only():
    assert rows(
        message(0, 4, 4000, 9, depth=1, known=0), message(1, 1, 4000, 4001), message(10**9, 4, 4000, 9, known=0)
    ) == [1, 10**9]


def test_data_that_its_length_proves_does_not_vouch_for_its_ports():
    assert rows(message(0, 4, 4000, 9), message(1, 4, 4000, 9, known=0)) == [0]


def test_only_those_that_are_wanted_come():
    messages = table(message(0, 4, 1, 2), message(1, 4, 1, 2))
    assert those(messages, np.array([False, True]))["row"].tolist() == [1]
    assert those(messages, np.array([True, True])) is messages  # large: no copy where none goes


def test_no_messages_are_no_problem():
    assert rows() == []


def test_pieces_that_unite_their_ports_give_what_the_whole_gives():
    whole = table(
        message(0, 4, 9, 4000, known=0), message(1, 4, 7, 8), message(2, 2, 4000, 4001), message(3, 4, 4000, 1, known=0),
        message(4, 1, 9, 5000, depth=2), message(5, 4, 5000, 1, depth=2, known=0), message(6, 4, 5000, 1, known=0),
    )  # fmt: skip
    for cut in range(len(whole) + 1):
        pieces = [split(whole[:cut]), split(whole[cut:])]
        ports = np.union1d(pieces[0].ports, pieces[1].ports)
        parts = [piece.settled for piece in pieces] + [decide(piece.undecided, ports) for piece in pieces]
        found = np.concatenate(parts)
        assert sorted(found["row"].tolist()) == settled(whole)["row"].tolist() == [0, 1, 2, 3, 4, 5]
        assert (found["known"] == 1).all()
