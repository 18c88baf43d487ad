"""The cursor over a batch of frames: for each row, where the next header begins and where its bytes end."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from captools.model.packets import DecodeStop
from captools.wire.bytesview import Bools, BytesView, Ints
from captools.wire.columns import Columns


@dataclass(slots=True)
class Batch:
    """All rows of one decode.

    ``base`` is the first byte of each frame, ``end`` one past its last captured byte, ``wire_end`` where
    it would end had nothing been cut (both only shrink, as length fields are read). ``at`` is the cursor.
    ``undecided`` are rows that may be WireGuard (captools.wire.wireguard).
    """

    view: BytesView
    columns: Columns
    base: Ints
    at: Ints
    end: Ints
    wire_end: Ints
    undecided: list[Ints] = field(default_factory=list)

    def has(self, rows: Ints, size: int) -> Bools:
        """Tell for each row whether ``size`` bytes are there at the cursor."""
        fits: Bools = self.at[rows] + size <= self.end[rows]
        return fits

    def need(self, rows: Ints, size: int) -> Ints:
        """Return the rows that have ``size`` bytes at the cursor; the others stop here.

        Bytes that the capture did not hold are ``truncated``, bytes that the packet itself does not have
        are ``malformed``.
        """
        fits = self.has(rows, size)
        short = rows[~fits]
        if len(short):
            cut = self.at[short] + size <= self.wire_end[short]
            self.stop(short[cut], DecodeStop.TRUNCATED)
            self.stop(short[~cut], DecodeStop.MALFORMED)
        return rows[fits]

    def stop(self, rows: Ints, why: DecodeStop) -> None:
        """End decoding of ``rows`` at the cursor."""
        if len(rows):
            self.columns.stop(rows, why, self.at[rows] - self.base[rows])

    def limit(self, rows: Ints, claimed_end: Ints) -> None:
        """Shrink the ends of ``rows`` to what a length field claims (padding is not packet)."""
        self.end[rows] = np.minimum(self.end[rows], claimed_end)
        self.wire_end[rows] = np.minimum(self.wire_end[rows], claimed_end)
