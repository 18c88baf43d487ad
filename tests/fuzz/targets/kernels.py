"""On any records the kernels say what the numpy reference says, in every column, in one piece and in many.

Run with bounds checks, or interpreted (then numpy checks every index); any difference is a crash.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.fuzz.container import mutate
from tests.fuzz.frames import pcapngs, pcaps
from tests.fuzz.readers import records_of
from tests.wire.equality import assert_equal, assert_same, naming_of, plain

MAX_LEN = 8_192
__all__ = ["MAX_LEN", "check", "mutate", "seeds"]


def seeds() -> Iterator[bytes]:
    """Yield captures of both formats."""
    yield from pcaps()
    yield from pcapngs()


def check(data: bytes) -> None:
    """Compare both decoders."""
    from captools.wire.fast import decode_stream
    from captools.wire.widen import widen

    records = records_of(data)
    if records is None:
        return
    table = assert_same(data)
    if data[:4] == b"\n\r\r\n":
        return
    assert_same(data, by_index=True)
    at = 24

    def read_into(space: memoryview) -> int:
        nonlocal at
        piece = data[at : at + min(len(space), 100)]
        space[: len(piece)] = piece
        at += len(piece)
        return len(piece)

    # Small buffers and parts, so that records straddle both.
    narrow = decode_stream(data[:24], read_into, buffer=256, part_rows=3)
    assert narrow.damage_note == records.damage
    assert_equal(plain(widen(narrow, naming_of(len(records.interfaces)))), table)
