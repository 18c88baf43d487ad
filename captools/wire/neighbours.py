"""Neighbour discovery for IPv6 (RFC 4861): who is asked for or told of, and its hardware address."""

from __future__ import annotations

import numpy as np

from captools.wire.bytesview import Ints
from captools.wire.frame import Batch

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT, REDIRECT = 133, 134, 135, 136, 137
SOURCE_LINK, TARGET_LINK = 1, 2  # option types (section 4.6.1)
TARGETED = (SOLICITATION, ADVERTISEMENT, REDIRECT)
TARGET_AT = 8
# Message type: where its options begin, and which of them holds the address we want.
OPTIONS = {
    ROUTER_SOLICITATION: (8, SOURCE_LINK), ROUTER_ADVERTISEMENT: (16, SOURCE_LINK), SOLICITATION: (24, SOURCE_LINK),
    ADVERTISEMENT: (24, TARGET_LINK), REDIRECT: (40, TARGET_LINK),
}  # fmt: skip
MAX_OPTIONS = 16


def neighbours(batch: Batch, rows: Ints, at: Ints, kind: Ints) -> None:
    """Read target and link-layer address of ``rows``, whose ICMPv6 messages of type ``kind`` begin at ``at``."""
    told = np.isin(kind, TARGETED) & (at + TARGET_AT + 16 <= batch.end[rows])
    batch.columns.put("nd_target", rows[told], batch.view.strings(at[told] + TARGET_AT, 16))
    for message, (begin, wanted) in OPTIONS.items():
        one = kind == message
        _link_address(batch, rows[one], at[one] + begin, wanted)


def _link_address(batch: Batch, rows: Ints, at: Ints, wanted: int) -> None:
    """Walk the options, counted in eight bytes, to the first link-layer address of an Ethernet."""
    view, end = batch.view, batch.end
    for _ in range(MAX_OPTIONS):
        there = at + 8 <= end[rows]
        rows, at = rows[there], at[there]
        if not len(rows):
            return
        size = view.u8(at + 1) * 8
        found = (view.u8(at) == wanted) & (size == 8)
        batch.columns.put("nd_mac", rows[found], view.strings(at[found] + 2, 6))
        more = ~found & (size > 0)
        rows, at = rows[more], (at + size)[more]
