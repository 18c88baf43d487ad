"""A running decode, whatever the format: bytes in, finished parts out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from captools.wire.kernels.buffers import AT, LANES_FULL, PART_FULL, ROWS, STATUS
from captools.wire.kernels.native import Native
from captools.wire.kernels.session import Common, Options, Part, port_table
from captools.wire.kernels.window import Window


class Running(Window, ABC):
    """Calls ``kernel`` over the window again and again; ``rows`` counts the packets decoded."""

    def __init__(self, kernel: str, before: int, options: Options, first: bytes = b"") -> None:
        super().__init__(before, options.buffer, first)
        self.common = Common(
            port_table(options.vxlan_ports), options.part_rows, options.fresh, options.flows, options.lanes
        )
        self._kernel = Native(kernel)
        self.rows = 0

    @abstractmethod
    def _decode(self) -> None:
        """Let the kernel go on from AT until STATUS says why it ends."""

    @abstractmethod
    def _goes_on(self) -> bool:
        """Deal with what the kernel left, which is no full table; tell whether it can be called again."""

    def filled(self, count: int) -> Iterator[Part]:
        """Decode after ``count`` bytes were put into ``space()``; yield parts that are full."""
        self.add(count)
        common, counters = self.common, self.common.counters
        counters[AT] = 0
        while not self.ended:
            before = int(counters[ROWS])
            self._decode()
            self.rows += int(counters[ROWS]) - before
            if counters[STATUS] == LANES_FULL:
                self._kernel.forget()
                common.grow_lanes()
            elif counters[STATUS] == PART_FULL:
                part = common.take()
                if part is not None:
                    yield part
            elif not self._goes_on():
                break
        self.drop(int(counters[AT]))

    def finish(self) -> Part | None:
        """Return the last rows."""
        return self.common.take()
