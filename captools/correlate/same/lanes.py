"""Lanes: the packets of one direction of one conversation, with all its address pairs before and behind NAT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from captools.correlate.same.flows import Connection
from captools.correlate.sightings import ABSENT, Ints, Sightings


def lanes(rows: Sightings, groups: Sequence[Sequence[Connection]]) -> Ints:
    """Return for each row twice the number of its group, one more for replies; ABSENT for what converses with nobody."""
    lane = np.full(len(rows), ABSENT, np.int64)
    parts, of = _parts(groups)
    if parts:
        lane[np.concatenate(parts)] = np.repeat(of, [len(part) for part in parts])
    return lane


def variants(rows: Sightings, groups: Sequence[Sequence[Connection]]) -> Ints:
    """Return for each row a number of its own address pair among all; ABSENT where its conversation has but one."""
    variant = np.full(len(rows), ABSENT, np.int64)
    several = [one for group in groups if len(group) > 1 for one in group]
    parts = [part for one in several for part in (one.forward, one.reply)]
    if parts:
        variant[np.concatenate(parts)] = np.repeat(np.arange(len(parts)) // 2, [len(part) for part in parts])
    return variant


def _parts(groups: Sequence[Sequence[Connection]]) -> tuple[list[Ints], list[int]]:
    parts: list[Ints] = []
    of: list[int] = []
    for number, group in enumerate(groups):
        for one in group:
            parts += (one.forward, one.reply)
            of += (2 * number, 2 * number + 1)
    return parts, of
