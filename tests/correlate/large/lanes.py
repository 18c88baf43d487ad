"""Lanes and a join as tests write them down: who spoke to whom at which capture, how often, and what was shared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.wire.lane_keys import KEPT, LaneColumns


@dataclass(frozen=True)
class Lane:
    """One direction at one capture; addresses are small numbers, 0 for none. ``firsts``: packets first seen here."""

    source: int
    src: int
    dst: int
    sport: int = 40_000
    dport: int = 80
    proto: int = 6
    packets: int = 10
    firsts: int = 10
    rsts: int = 0
    gaps: int = 0
    retransmitted: int = 0
    http: bool = False
    ethertype: int = 0x0800
    first_ns: int = 0
    last_ns: int = 1_000


def columns(*lanes: Lane) -> LaneColumns:
    def word(name: str, kind: type = np.uint64):
        return np.array([getattr(one, name) for one in lanes], kind)

    flows = {name: np.array([getattr(one, name, 0) for one in lanes], kind) for name, kind in KEPT.items()}
    src = word("src")
    return LaneColumns(
        hash=src, src=src, dst=word("dst"), way=word("source", np.uint32) + np.uint32(1),
        proto=word("proto", np.uint8), sport=word("sport", np.uint16), dport=word("dport", np.uint16),
        ethertype=word("ethertype", np.uint16), flows=flows,
    )  # fmt: skip


def sources(*lanes: Lane):
    return np.array([one.source for one in lanes], np.int64)


def joined(lanes: tuple[Lane, ...], pairs: list[tuple[int, int]]):
    """Return a join in which the lanes of each of ``pairs`` (first, other) shared packets."""
    from captools.wire.same_packet import Joined, Pairs

    first, other = (np.array([pair[at] for pair in pairs], np.int64) for at in (0, 1))
    ones = np.ones(len(pairs), np.int64)
    return Joined(np.array([one.firsts for one in lanes]), np.zeros(len(lanes), np.int64),
                  Pairs(first, other, 10 * ones, ones, ones, ones, ones), 0)  # fmt: skip


def found(*lanes: Lane, pairs: list[tuple[int, int]] = []):  # noqa: B006
    from captools.correlate.large.conversations import conversations

    return conversations(columns(*lanes), sources(*lanes), joined(lanes, pairs))
