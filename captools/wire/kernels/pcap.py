"""A running decode of a pcap: feed it bytes as they come, take finished parts. No file is opened here.

>>> run = PcapRun(head, "eth1.pcap")  # doctest: +SKIP
>>> got = file.readinto(run.space())  # doctest: +SKIP
>>> parts = run.filled(got)           # doctest: +SKIP
"""

from __future__ import annotations

from captools.wire.kernels.buffers import IMPOSSIBLE_LENGTH, STATUS
from captools.wire.kernels.running import Running
from captools.wire.kernels.session import DEFAULTS, Options
from captools.wire.payloads import KEYS
from captools.wire.pcap import FILE_HEADER, damage_at, read_header
from captools.wire.records import Interface


class PcapRun(Running):
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
        super().__init__("run.decode_pcap", begin, options)
        self.header = read_header(head, where)

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Its one interface."""
        return (self.header.interface,)

    def _decode(self) -> None:
        common, header = self.common, self.header
        self._kernel(
            self.data, self.have, self.before, header.order == "<", header.tick_ns, header.record, header.largest,
            common.scratch, header.interface.linktype, common.ports, KEYS, common.packets, common.sides,
            common.lanes, common.pending, common.counters,
        )  # fmt: skip

    def _goes_on(self) -> bool:
        self.ended = bool(self.common.counters[STATUS] == IMPOSSIBLE_LENGTH)
        return False

    def damage(self) -> str:
        """Say where and how the file ends early; the empty string where it does not."""
        if not self.have:
            return ""
        return damage_at(self.header, self.rows + 1, self.before, self.data.data[: self.have])
