"""On any records the kernels say what the numpy reference says, in every column, in one piece and in many.

Run with bounds checks, or interpreted (then numpy checks every index); any difference is a crash.
"""

from __future__ import annotations

from collections.abc import Iterator

from captools.wire.widen import widen
from tests.fuzz.container import mutate
from tests.fuzz.frames import pcapngs, pcaps
from tests.fuzz.readers import records_of
from tests.wire.equality import assert_equal, assert_same, in_pieces, naming_of, plain

MAX_LEN = 8_192
__all__ = ["MAX_LEN", "check", "mutate", "seeds"]


def seeds() -> Iterator[bytes]:
    """Yield captures of both formats."""
    yield from pcaps()
    yield from pcapngs()


def check(data: bytes) -> None:
    """Compare both decoders."""
    records = records_of(data)
    if records is None:
        return
    table = assert_same(data)
    # Small buffers and parts, so that records straddle both.
    narrow = in_pieces(data, [100, 1, 40], buffer=256, part_rows=3)
    assert narrow.damage_note == records.damage
    assert_equal(plain(widen(narrow, naming_of(len(records.interfaces)))), table)
