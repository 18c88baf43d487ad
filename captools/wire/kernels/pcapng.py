"""A running decode of a pcapng: packets by the kernel, every other block by captools.wire.blocks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from captools.wire.blocks import INTERFACE, SECTION, Sections, damage_at
from captools.wire.kernels.buffers import AT, OTHER_BLOCK, STATUS
from captools.wire.kernels.interfaces import COLUMNS, interface_row
from captools.wire.kernels.running import Running
from captools.wire.kernels.session import DEFAULTS, Options, Part
from captools.wire.payloads import KEYS
from captools.wire.pcapng import first_block_damaged
from captools.wire.records import Interface


class PcapngRun(Running):
    """Decodes a pcapng file from its bytes, in any pieces. ``head`` is what was read of its beginning.

    ``sections`` and ``begin`` are for a run that begins at a later block: what the blocks before it said. A ``guess``
    is a begin that may be wrong, in a file that may have said more since: such a run gives up where a section or an
    interface is described.
    """

    def __init__(
        self,
        head: bytes,
        where: str,
        *,
        sections: Sections | None = None,
        begin: int = 0,
        guess: bool = False,
        options: Options = DEFAULTS,
    ) -> None:
        super().__init__("blocks.decode_blocks", begin, options, head)
        self.where, self.guess, self.gave_up = where, guess, False
        self.sections = sections or Sections()
        self._problem = ""
        self._table: npt.NDArray[np.int64] = np.zeros((4, COLUMNS), np.int64)
        self._known = 0
        self._describe()

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """All interfaces described so far."""
        return tuple(self.sections.interfaces)

    def _decode(self) -> None:
        common = self.common
        self._kernel(
            self.data, self.have, self.before, self.sections.order == "<", self._table, self.sections.base,
            self._known, common.scratch, common.ports, KEYS, common.packets, common.sides, common.lanes,
            common.pending, common.counters,
        )  # fmt: skip

    def _goes_on(self) -> bool:
        return bool(self.common.counters[STATUS] == OTHER_BLOCK) and self._other()

    def _other(self) -> bool:
        """Take in the block at hand, which the kernel left; tell whether the walk goes on behind it."""
        counters, data = self.common.counters, self.data.data
        at = int(counters[AT])
        kind = int.from_bytes(data[at : at + 4], "little" if self.sections.order == "<" else "big")
        if self.guess and kind in (SECTION, INTERFACE):
            self.ended = self.gave_up = True
            return False
        step = self.sections.step(data, at, self.have)
        if step.cut:
            return False
        if step.problem:
            self.ended, self._problem = True, damage_at(self.before + at, step)
            return False
        counters[AT] = at + step.length
        self._describe()
        return True

    def _describe(self) -> None:
        """Give the kernel the interfaces that are new."""
        sections = self.sections
        while self._known < len(sections.interfaces):
            if self._known == len(self._table):
                self._table = np.concatenate((self._table, np.zeros_like(self._table)))
            one = sections.interfaces[self._known]
            self._table[self._known] = interface_row(one.linktype, one.snaplen, sections.clocks[self._known])
            self._known += 1

    def finish(self) -> Part | None:
        """Return the last rows; MalformedCapture where not even the first block was whole."""
        if self.before == 0:
            raise first_block_damaged(self.where, self.damage())
        return super().finish()

    def damage(self) -> str:
        """Say where and how the file ends early; the empty string where it does not."""
        if self.ended or not self.have:
            return self._problem
        return damage_at(self.before, self.sections.copy().step(self.data.data, 0, self.have))
