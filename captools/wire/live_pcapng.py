"""One pcapng of many points while they run: pcap bytes of each in, blocks out, times merged. Pure.

Each point is an interface named after it, ``k8s-w1/eth1``. A capture of ``any`` gives one interface for each
interface index that shows up, named from that node's own list, else by its number: ``router/#3``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from captools.wire import write_pcapng
from captools.wire.bytesview import Ints
from captools.wire.linktypes import LINUX_SLL2
from captools.wire.merging import HOLD_NS, Due, Merger
from captools.wire.record_stream import Batch, RecordStream
from captools.wire.write_pcapng import Counts, Described

_HEADERS_NS = 1_000_000_000  # how long interfaces wait for one another, so that their order is that of the points
_SLL2_IFINDEX = slice(4, 8)
_WHOLE = -1  # in place of an interface index: the point itself


Piece = tuple[int, Batch]  # source, records


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A point of the stream. ``names`` are interface index -> name, of a node that is captured on as ``any``."""

    node: str
    interface: str
    description: str = ""
    filter: str = ""
    names: Mapping[int, str] = field(default_factory=dict)


class LivePcapng:
    """Feed it what points give; ``take`` returns what can be written. Times are of one monotonic clock."""

    def __init__(self, sources: Sequence[Source], application: str, *, hold_ns: int = HOLD_NS) -> None:
        self._sources = sources
        self._streams = [RecordStream(f"{one.node}/{one.interface}") for one in sources]
        self._merger: Merger[Piece] = Merger(len(sources), hold_ns=hold_ns)
        self._head = write_pcapng.section(application)
        self._numbers: dict[tuple[int, int], int] = {}  # source and interface index -> interface of the file
        self._begun_ns: int | None = None
        self._newest = 0
        self.late = 0  # packets that came after later ones had gone out
        self.packets = 0

    @property
    def damage(self) -> tuple[str, ...]:
        """A sentence for each point whose stream cannot be read on."""
        return tuple(stream.damage for stream in self._streams if stream.damage)

    def feed(self, source: int, data: bytes, now_ns: int) -> None:
        """Take the next bytes of one point."""
        stream = self._streams[source]
        batch = stream.feed(data)
        if batch is not None:
            self._merger.put(source, (source, batch), batch.ts_ns, len(batch.data), now_ns)
        if stream.damage:
            self._merger.close(source)

    def take(self, now_ns: int, *, everything: bool = False) -> bytes:
        """Return the blocks that need not wait any longer."""
        self._begun_ns = now_ns if self._begun_ns is None else self._begun_ns
        head, self._head = self._head, b""
        known = all(stream.header or stream.damage for stream in self._streams)
        if not (known or everything or now_ns - self._begun_ns >= _HEADERS_NS):
            return head
        described = self._plain_interfaces()
        due = self._merger.due(now_ns, everything=everything)
        if due is None:
            return head + described
        kept, wire_len = _packets(due)
        numbers, more = self._interfaces_of(due, kept)
        self._count(due)
        return head + described + more + write_pcapng.packets(numbers, due.ts_ns, wire_len, kept)

    def finish(self, counts: Mapping[int, Counts], now_ns: int) -> bytes:
        """Return everything that is left, and each point's own counts at the end.

        Where ``any`` was split into its interfaces, its counts stand at the first of them: tools count per capture.
        """
        out = [self.take(now_ns, everything=True)]
        told: set[int] = set()
        for (source, _index), number in self._numbers.items():
            if source in counts and source not in told:
                told.add(source)
                out.append(write_pcapng.statistics(number, self._newest, counts[source]))
        return b"".join(out)

    def _plain_interfaces(self) -> bytes:
        """Describe every point whose file header has come, in the order of the points."""
        out = b""
        for number, stream in enumerate(self._streams):
            if stream.header is not None and not self._split(number) and (number, _WHOLE) not in self._numbers:
                out += self._describe(number, _WHOLE)
        return out

    def _split(self, source: int) -> bool:
        header = self._streams[source].header
        return (
            header is not None and self._sources[source].interface == "any" and header.interface.linktype == LINUX_SLL2
        )

    def _describe(self, source: int, index: int) -> bytes:
        self._numbers[source, index] = len(self._numbers)
        one, header = self._sources[source], self._streams[source].header
        assert header is not None
        name = one.interface if index == _WHOLE else one.names.get(index, f"#{index}")
        return write_pcapng.interface(
            Described(
                linktype=header.interface.linktype,
                snaplen=header.interface.snaplen,
                name=f"{one.node}/{name}",
                description=one.description,
                filter=one.filter,
            )
        )

    def _interfaces_of(self, due: Due[Piece], kept: list[bytes]) -> tuple[Ints, bytes]:
        """Return each packet's interface in the file, and the blocks of those that were not known yet."""
        sources = np.array([source for source, _ in due.pieces])[due.piece]
        numbers, described = np.zeros(len(kept), np.int64), b""
        for source in np.unique(sources).tolist():
            rows = np.flatnonzero(sources == source)
            if not self._split(source):
                numbers[rows] = self._numbers[source, _WHOLE]
                continue
            found = np.array([int.from_bytes(kept[row][_SLL2_IFINDEX], "big") for row in rows.tolist()])
            for index in np.unique(found).tolist():
                if (source, index) not in self._numbers:
                    described += self._describe(source, index)
                numbers[rows[found == index]] = self._numbers[source, index]
        return numbers, described

    def _count(self, due: Due[Piece]) -> None:
        self.packets += len(due.ts_ns)
        self.late += int((due.ts_ns < self._newest).sum())
        self._newest = max(self._newest, int(due.ts_ns[-1]))


def _packets(due: Due[Piece]) -> tuple[list[bytes], Ints]:
    """Return the captured bytes of the packets, and their lengths on the wire."""
    begins, ends, wire_len = (np.empty(len(due.row), np.int64) for _ in range(3))
    for number, (_, batch) in enumerate(due.pieces):
        here = np.flatnonzero(due.piece == number)
        rows = due.row[here]
        begins[here], wire_len[here] = batch.offset[rows], batch.wire_len[rows]
        ends[here] = begins[here] + batch.cap_len[rows]
    data = [batch.data for _, batch in due.pieces]
    places = zip(due.piece.tolist(), begins.tolist(), ends.tolist(), strict=True)
    return [data[number][begin:end] for number, begin, end in places], wire_len
