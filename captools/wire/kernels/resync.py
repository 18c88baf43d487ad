"""Find a record or block boundary in the middle of a capture file, so that its parts can be decoded at the same time.

A chain of plausible headers is a good guess, never more: the part before proves it by landing there exactly.
"""

from __future__ import annotations

from typing import Any

from captools.wire.blocks import ENHANCED_PACKET, FRAME, INTERFACE, MAX_BLOCK, SECTION
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import u32, u32le
from captools.wire.kernels.window import NOT_FOUND

CHAIN = 8  # headers that must follow one another
_DAY_S = 86_400


@kernel
def find_record(f: Any, have: Any, little: Any, ticks: Any, header: Any, largest: Any, second: Any) -> Any:
    """Return the first offset in ``f[:have]`` where CHAIN record headers follow one another; NOT_FOUND without one.

    ``ticks`` is the number of fractions in a second, ``second`` the file's first time stamp: a record lies less than
    a day before and a week behind it.
    """
    for start in range(have - header):
        at = start
        links = 0
        while links < CHAIN and at + header <= have:
            if little:
                seconds = u32le(f, at)
                fraction = u32le(f, at + 4)
                cap_len = u32le(f, at + 8)
                wire_len = u32le(f, at + 12)
            else:
                seconds = u32(f, at)
                fraction = u32(f, at + 4)
                cap_len = u32(f, at + 8)
                wire_len = u32(f, at + 12)
            if seconds < second - _DAY_S or seconds > second + 7 * _DAY_S or fraction >= ticks:
                break
            if cap_len == 0 or cap_len > largest or wire_len < cap_len:
                break
            at += header + cap_len
            links += 1
        if links == CHAIN:
            return start
    return NOT_FOUND


@kernel
def find_block(f: Any, have: Any, little: Any, known: Any) -> Any:
    """Return the first multiple of 4 in ``f[:have]`` where CHAIN pcapng blocks follow one another; NOT_FOUND without.

    A block is one whose lengths before and after its body agree; a packet also belongs to one of ``known`` interfaces.
    """
    for start in range(0, have - FRAME, 4):
        at = start
        links = 0
        while links < CHAIN and at + FRAME <= have:
            kind = u32le(f, at) if little else u32(f, at)
            length = u32le(f, at + 4) if little else u32(f, at + 4)
            if kind in (SECTION, INTERFACE) or length < FRAME or length & 3 or length > MAX_BLOCK:
                break
            if at + length > have:
                break
            if (u32le(f, at + length - 4) if little else u32(f, at + length - 4)) != length:
                break
            if kind == ENHANCED_PACKET:
                if length < FRAME + 20 or (u32le(f, at + 8) if little else u32(f, at + 8)) >= known:
                    break
                cap_len = u32le(f, at + 20) if little else u32(f, at + 20)
                if cap_len > length - FRAME - 20:
                    break
            at += length
            links += 1
        if links == CHAIN:
            return start
    return NOT_FOUND
