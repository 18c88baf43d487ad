"""What a kernel knows of the interfaces of a pcapng: one row of numbers each. No numba here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from captools.wire.blocks import Clock

# Columns of an interface's row.
LINKTYPE, SNAPLEN, RESOLUTION, OFFSET, SCALE, SAFE = range(6)
COLUMNS = 6

_LAST = (1 << 63) - 1


def interface_row(linktype: int, snaplen: int, clock: Clock) -> npt.NDArray[np.int64]:
    """Return the row of an interface; SCALE is 0 where its stamps are no whole nanoseconds."""
    scale = 10 ** (9 - clock.resolution) if clock.resolution <= 9 else 0
    safe = _LAST // scale if scale else 0
    return np.array((linktype, snaplen, clock.resolution, clock.offset_s, scale, safe), np.int64)
