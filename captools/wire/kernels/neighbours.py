"""Neighbour discovery, one packet at a time (see captools.wire.neighbours)."""

from __future__ import annotations

from typing import Any

from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import u8, u48, u64
from captools.wire.kernels.marks import ND_MAC, ND_TARGET
from captools.wire.neighbours import (
    ADVERTISEMENT,
    MAX_OPTIONS,
    OPTIONS,
    REDIRECT,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
    SOLICITATION,
    TARGET_AT,
)

_AT_SOLICITED, _SOURCE = OPTIONS[SOLICITATION]
_AT_ADVERTISED, _TARGET = OPTIONS[ADVERTISEMENT]
_AT_ASKING, _ = OPTIONS[ROUTER_SOLICITATION]
_AT_ROUTER, _ = OPTIONS[ROUTER_ADVERTISEMENT]
_AT_REDIRECT, _ = OPTIONS[REDIRECT]


@kernel
def neighbours(f: Any, s: Any, kind: Any) -> None:
    """Read target and link-layer address of the ICMPv6 message at the cursor."""
    if kind == ROUTER_SOLICITATION:
        _link_address(f, s, s.at + _AT_ASKING, _SOURCE)
        return
    if kind == ROUTER_ADVERTISEMENT:
        _link_address(f, s, s.at + _AT_ROUTER, _SOURCE)
        return
    if kind < SOLICITATION or kind > REDIRECT:
        return
    if s.at + TARGET_AT + 16 <= s.end:
        s.nd_target_hi = u64(f, s.at + TARGET_AT)
        s.nd_target_lo = u64(f, s.at + TARGET_AT + 8)
        s.rare |= ND_TARGET
    if kind == SOLICITATION:
        _link_address(f, s, s.at + _AT_SOLICITED, _SOURCE)
    elif kind == ADVERTISEMENT:
        _link_address(f, s, s.at + _AT_ADVERTISED, _TARGET)
    else:
        _link_address(f, s, s.at + _AT_REDIRECT, _TARGET)


@kernel
def _link_address(f: Any, s: Any, at: Any, wanted: Any) -> None:
    for _ in range(MAX_OPTIONS):
        if at + 8 > s.end:
            return
        size = u8(f, at + 1) * 8
        if u8(f, at) == wanted and size == 8:
            s.nd_mac = u48(f, at + 2)
            s.rare |= ND_MAC
            return
        if size == 0:
            return
        at += size
