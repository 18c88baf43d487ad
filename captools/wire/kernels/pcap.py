"""A running decode of a pcap: feed it bytes as they come, take finished parts. No file is opened here.

>>> run = PcapRun(head, "eth1.pcap")  # doctest: +SKIP
>>> got = file.readinto(run.space())  # doctest: +SKIP
>>> parts = run.filled(got)           # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator

from captools.wire.kernels.buffers import AT, IMPOSSIBLE_LENGTH, LANES_FULL, PART_FULL, ROWS, STATUS
from captools.wire.kernels.hashing import KEYS
from captools.wire.kernels.run import decode_pcap
from captools.wire.kernels.session import DEFAULTS, Common, Options, Part, port_table
from captools.wire.kernels.window import Window
from captools.wire.pcap import FILE_HEADER, damage_at, read_header
from captools.wire.records import Interface


class PcapRun(Window):
    """Decodes a pcap file from its bytes, in any pieces. ``head`` is its first 24 bytes.

    ``begin`` is where in the file the bytes begin (a record boundary); 24 for the whole file. MalformedCapture where
    the header is cut or impossible; ``where`` names the file in that.
    """

    def __init__(
        self,
        head: bytes,
        where: str,
        *,
        begin: int = FILE_HEADER,
        options: Options = DEFAULTS,
    ) -> None:
        super().__init__(begin, options.buffer)
        self.header = read_header(head, where)
        self.common = Common(port_table(options.vxlan_ports), options.part_rows, options.fresh)
        self.rows = 0

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Its one interface."""
        return (self.header.interface,)

    def filled(self, count: int) -> Iterator[Part]:
        """Decode after ``count`` bytes were put into ``space()``; yield parts that are full."""
        self.add(count)
        common, counters, header = self.common, self.common.counters, self.header
        counters[AT] = 0
        while not self.ended:
            before = int(counters[ROWS])
            decode_pcap(
                self.data, self.have, self.before, header.order == "<", header.tick_ns, header.record, header.largest,
                common.scratch, header.interface.linktype, common.ports, KEYS, common.packets, common.sides,
                common.lanes, common.pending, counters,
            )  # fmt: skip
            self.rows += int(counters[ROWS]) - before
            if counters[STATUS] == LANES_FULL:
                common.grow_lanes()
            elif counters[STATUS] == PART_FULL:
                part = common.take()
                if part is not None:
                    yield part
            else:
                self.ended = bool(counters[STATUS] == IMPOSSIBLE_LENGTH)
                break
        self.drop(int(counters[AT]))

    def finish(self) -> Part | None:
        """Return the last rows."""
        return self.common.take()

    def damage(self) -> str:
        """Say where and how the file ends early; the empty string where it does not."""
        if not self.have:
            return ""
        return damage_at(self.header, self.rows + 1, self.before, self.data.data[: self.have])
