"""Strings of any length in rows of one size: the text of a message goes on in the rows behind its first one."""

from __future__ import annotations

from typing import Any

from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import copy
from captools.wire.kernels.records import ROW_BYTES, TEXT_AT, TEXT_BYTES


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
def utf8_size(text: Any, starts: Any, sizes: Any) -> Any:
    """Return how many bytes the strings take as UTF-8, each byte of ``text`` being a Latin-1 character."""
    total = 0
    width = text.shape[1]
    for number in range(starts.shape[0]):
        for byte in range(starts[number], starts[number] + sizes[number]):
            total += 2 if text[byte // width, byte % width] >= 0x80 else 1
    return total


@kernel
def gather_utf8(text: Any, starts: Any, sizes: Any, out: Any, offsets: Any) -> None:
    """Write strings as UTF-8, one behind the other, and ``offsets`` (one more than strings) where each begins.

    ``text`` (rows, bytes) is read as one run of Latin-1 characters.
    """
    end = 0
    width = text.shape[1]
    offsets[0] = 0
    for number in range(starts.shape[0]):
        for byte in range(starts[number], starts[number] + sizes[number]):
            value = text[byte // width, byte % width]
            if value >= 0x80:
                out[end] = 0xC0 | value >> 6
                out[end + 1] = 0x80 | value & 0x3F
                end += 2
            else:
                out[end] = value
                end += 1
        offsets[number + 1] = end
