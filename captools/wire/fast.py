"""Decode a capture with the compiled kernels, to the normalised tables. For large captures (captools.wire.choice)."""

from __future__ import annotations

import struct

from captools.model.narrow import Narrow
from captools.wire.assemble import assemble
from captools.wire.kernels.session import DEFAULTS, Options
from captools.wire.runs import HEAD, ReadInto, open_run, parts_of

# The smallest captures that a decoder is called for: a record of no bytes, a section header.
_PCAP = struct.pack("<IHHiIII16x", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
_PCAPNG = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)


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


def compile_decoders() -> None:
    """Compile the decoders of both formats. They share most of their code: so it is compiled once, not twice."""
    for data in (_PCAP, _PCAPNG):
        decode_bytes(data, "")
