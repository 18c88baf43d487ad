"""Strings of any length in rows of one size: the text of a message goes on in the rows behind its first one."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import copy, u64le
from captools.wire.kernels.records import ROW_BYTES, TEXT_AT, TEXT_BYTES

_HIGH = np.uint64(0x8080808080808080)  # the bits that ASCII leaves clear


@kernel
def rows_for(size: Any) -> Any:
    """Return how many rows ``size`` bytes of text need; one for none."""
    return (max(size, 1) + TEXT_BYTES - 1) // TEXT_BYTES


@kernel
def put_text(lines: Any, first: Any, place: Any, f: Any, at: Any, size: Any) -> Any:
    """Copy ``size`` bytes at ``f[at]`` to byte ``place`` of the text that begins in row ``first``; return its end.

    ``lines`` is the memory of the rows. The caller has checked both ends.
    """
    done = 0
    while done < size:
        line = first + (place + done) // TEXT_BYTES
        column = (place + done) % TEXT_BYTES
        count = min(size - done, TEXT_BYTES - column)
        copy(lines, line * ROW_BYTES + TEXT_AT + column, f, at + done, count)
        done += count
    return place + size


@kernel
def gather_texts(lines: Any, first: Any, sizes: Any, out: Any, bases: Any, offsets: Any) -> None:
    """Write the strings of messages as UTF-8, each byte of theirs being a Latin-1 character, column by column.

    ``lines`` is the memory of the rows; the text of message ``n`` begins in row ``first[n]`` and holds strings of
    ``sizes[n]`` bytes. Those of column ``k`` go behind one another from ``out[bases[k]]`` on; ``offsets[k]`` (one more
    than messages) says where each begins. A column has room for twice its bytes.
    """
    columns = sizes.shape[1]
    for column in range(columns):
        offsets[column, 0] = 0
    for number in range(first.shape[0]):
        place = 0
        for column in range(columns):
            at = bases[column] + offsets[column, number]
            end = place + sizes[number, column]
            while place < end:
                count = min(end - place, TEXT_BYTES - place % TEXT_BYTES)
                line = first[number] + place // TEXT_BYTES
                at = _put_utf8(out, at, lines, line * ROW_BYTES + TEXT_AT + place % TEXT_BYTES, count)
                place += count
            offsets[column, number + 1] = at - bases[column]


@kernel
def _put_utf8(out: Any, to: Any, lines: Any, at: Any, size: Any) -> Any:
    """Write ``size`` characters from ``lines[at]`` on to ``out[to]`` as UTF-8; return the end of what was written."""
    high = np.uint64(0)
    whole = size - size % 8
    for place in range(0, whole, 8):
        high |= u64le(lines, at + place)
    for place in range(whole, size):
        high |= np.uint64(lines[at + place])
    if not high & _HIGH:
        copy(out, to, lines, at, size)
        return to + size
    for place in range(size):
        value = lines[at + place]
        if value >= 0x80:
            out[to] = 0xC0 | value >> 6
            out[to + 1] = 0x80 | value & 0x3F
            to += 2
        else:
            out[to] = value
            to += 1
    return to
