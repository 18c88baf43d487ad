"""MPLS label stacks and NSH, one packet at a time (see captools.wire.shims)."""

from __future__ import annotations

from typing import Any

from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.link import ethernet
from captools.wire.kernels.loads import u8, u16, u32
from captools.wire.kernels.marks import MALFORMED, MPLS, NO_KIND, TOO_DEEP, TRUNCATED, UNKNOWN_ETHERTYPE
from captools.wire.kernels.state import need, stop
from captools.wire.shims import MAX_LABELS, PROOF

_IPV4, _IPV6 = 0x0800, 0x86DD
_MPLS, _MPLS_UPSTREAM, _NSH = 0x8847, 0x8848, 0x894F
_PROOF = tuple(int(kind) for kind in PROOF)


@kernel
def shims(f: Any, s: Any, kind: Any) -> Any:
    """Step over NSH and MPLS; return the EtherType of what they carry, any other kind as it is."""
    if kind == _NSH:
        kind = _nsh(f, s)
    if kind in (_MPLS, _MPLS_UPSTREAM):
        kind = _mpls(f, s)
    if kind in (_NSH, _MPLS, _MPLS_UPSTREAM):
        stop(s, TOO_DEEP)
        return NO_KIND
    return kind


@kernel
def follow(f: Any, s: Any, protocol: Any) -> Any:
    """Return the EtherType for NSH's number of what follows at the cursor; an unknown one ends here."""
    if protocol == 1:
        return _IPV4
    if protocol == 2:
        return _IPV6
    if protocol == 3:
        return ethernet(f, s)
    if protocol == 4:
        return _NSH
    if protocol == 5:
        return _MPLS
    stop(s, UNKNOWN_ETHERTYPE)
    return NO_KIND


@kernel
def _nsh(f: Any, s: Any) -> Any:
    if not need(s, 8):
        return NO_KIND
    at = s.at
    word = u16(f, at)
    size = (word & 0x3F) * 4
    if word >> 14 or size < 8:
        stop(s, MALFORMED)
        return NO_KIND
    if at + size > s.end:
        stop(s, TRUNCATED)
        return NO_KIND
    s.at = at + size
    return follow(f, s, u8(f, at + 3))


@kernel
def _mpls(f: Any, s: Any) -> Any:
    for _ in range(MAX_LABELS):
        if not need(s, 4):
            return NO_KIND
        entry = u32(f, s.at)
        if not s.lane_has & MPLS:
            s.mpls_label = entry >> 12
            s.lane_has |= MPLS
        s.at += 4
        if entry & 0x100:
            return _below_labels(f, s)
    stop(s, TOO_DEEP)
    return NO_KIND


@kernel
def _below_labels(f: Any, s: Any) -> Any:
    if not need(s, 1):
        return NO_KIND
    first = u8(f, s.at)
    nibble = first >> 4
    if nibble == 4:
        return _IPV4
    if nibble == 6:
        return _IPV6
    if nibble == 1:
        stop(s, UNKNOWN_ETHERTYPE)
        return NO_KIND
    if nibble == 0 and _frame_at(f, s, 4):
        s.at += 4
        return ethernet(f, s)
    if _frame_at(f, s, 0):
        return ethernet(f, s)
    if need(s, 14):
        stop(s, UNKNOWN_ETHERTYPE)
    return NO_KIND


@kernel
def _frame_at(f: Any, s: Any, skip: Any) -> Any:
    return s.at + skip + 14 <= s.end and u16(f, s.at + skip + 12) in _PROOF
