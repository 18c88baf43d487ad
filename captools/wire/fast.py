"""Decode a capture with the compiled kernels, to the normalised tables. For large captures (captools.wire.choice)."""

from __future__ import annotations

from collections.abc import Callable

from captools.model.narrow import Narrow
from captools.wire.assemble import assemble
from captools.wire.kernels.session import DEFAULTS, Options, Part
from captools.wire.runs import HEAD, open_run

ReadInto = Callable[[memoryview], int]


def decode_stream(head: bytes, read_into: ReadInto, where: str, options: Options = DEFAULTS) -> Narrow:
    """Decode a capture whose first HEAD bytes are ``head``, and whose rest ``read_into`` delivers (0 at the end).

    MalformedCapture, in which ``where`` names it, where nothing of it can be read.
    """
    run = open_run(head, where, options)
    parts: list[Part] = []
    while count := read_into(run.space()):
        parts += run.filled(count)
    last = run.finish()
    if last is not None:
        parts.append(last)
    pairs = [(part.packets, part.sides) for part in parts]
    linktypes = [one.linktype for one in run.interfaces]
    return assemble(pairs, run.common.lane_records(), linktypes, run.damage(), run.common.flow_records())


def decode_bytes(data: bytes | bytearray | memoryview, where: str, options: Options = DEFAULTS) -> Narrow:
    """Decode a capture held in memory."""
    rest = memoryview(data)[HEAD:]
    at = 0

    def read_into(space: memoryview) -> int:
        nonlocal at
        count = min(len(space), len(rest) - at)
        space[:count] = rest[at : at + count]
        at += count
        return count

    return decode_stream(bytes(data[:HEAD]), read_into, where, options)
