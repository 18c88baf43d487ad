"""Decode a capture with the compiled kernels, to the normalised tables. For large captures (captools.wire.choice)."""

from __future__ import annotations

from captools.model.narrow import Narrow
from captools.wire.assemble import assemble
from captools.wire.kernels.session import DEFAULTS, Options
from captools.wire.runs import HEAD, ReadInto, open_run, parts_of


def decode_stream(head: bytes, read_into: ReadInto, where: str, options: Options = DEFAULTS) -> Narrow:
    """Decode a capture whose first HEAD bytes are ``head``, and whose rest ``read_into`` delivers (0 at the end).

    MalformedCapture, in which ``where`` names it, where nothing of it can be read.
    """
    run = open_run(head, where, options)
    pairs = [(part.packets, part.sides) for part in parts_of(run, read_into)]
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
