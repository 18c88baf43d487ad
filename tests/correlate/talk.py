"""HTTP conversations by hand: frames at points in, what correlation works on out."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import pyarrow as pa

from captools.correlate.analyse import analyse
from captools.correlate.requests.exchanges import Exchange, exchanges
from captools.correlate.same.flows import Connection, connections
from captools.correlate.same.match import match
from captools.correlate.same.nat import join_translated
from captools.correlate.sightings import Sightings, sightings
from captools.model.analysis import Analysis
from captools.model.cluster import Cluster
from captools.model.packets import HTTP, PACKETS, TLS
from captools.model.sources import Source
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.http import http_heads
from captools.wire.index import read_records
from captools.wire.tls import tls_hellos
from captures.build import ethernet, ipv4, pcap, tcp

MS = 1_000_000
START = 1_700_000_000_000_000_000
Frames = list[tuple[int, bytes]]
PSH = 0x18
MASK = 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a connection; ``server_mac`` owns the address the client's frames go to."""

    src: str
    sport: int
    dst: str
    dport: int = 80
    server_mac: str = "02:00:00:00:00:02"

    @property
    def isn(self) -> int:
        """An initial sequence number as good as random: two connections never begin alike (RFC 9293, 3.4.1)."""
        return crc32(repr((self.src, self.sport, self.dst, self.dport)).encode()) & MASK

    def ask(
        self, ms: float, payload: bytes = b"", *, seq: int = 1, flags: int = PSH, ttl: int = 64
    ) -> tuple[int, bytes]:
        """A segment of the client."""
        ours, theirs = self.isn + seq, ~self.isn & MASK
        inner = tcp(payload, sport=self.sport, dport=self.dport, seq=ours, ack=theirs, flags=flags)
        packet = ipv4(inner, src=self.src, dst=self.dst, proto=6, ttl=ttl, ident=seq % 65536)
        return START + round(ms * MS), ethernet(packet, dst=self.server_mac)

    def answer(
        self, ms: float, payload: bytes = b"", *, seq: int = 1, flags: int = PSH, ttl: int = 64
    ) -> tuple[int, bytes]:
        """A segment of the server."""
        ours, theirs = (~self.isn & MASK) + seq, self.isn
        inner = tcp(payload, sport=self.dport, dport=self.sport, seq=ours, ack=theirs, flags=flags)
        packet = ipv4(inner, src=self.dst, dst=self.src, proto=6, ttl=ttl, ident=seq % 65536)
        return START + round(ms * MS), ethernet(packet, src=self.server_mac, dst="02:00:00:00:00:01")


def get(path: str = "/", **headers: str) -> bytes:
    """A request head; ``x_request_id`` becomes ``x-request-id``."""
    lines = [f"GET {path} HTTP/1.1", "host: shop", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def reply(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer."""
    more = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
    return f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{more}\r\n".encode() + body


@dataclass(frozen=True, slots=True)
class Read:
    """The tables of some captures, and what is asked of them."""

    packets: pa.Table
    http: pa.Table
    sources: tuple[Source, ...]
    tls: pa.Table

    def rows(self) -> Sightings:
        return sightings(self.packets)

    def groups(self) -> list[tuple[Connection, ...]]:
        rows = self.rows()
        return join_translated(rows, connections(rows, match(rows)))

    def exchanges(self) -> list[Exchange]:
        return exchanges(self.rows(), self.http, self.groups())

    def analysed(self, cluster: Cluster | None = None) -> Analysis:
        return analyse(self.packets, self.http, self.sources, cluster or Cluster(), tls=self.tls)


def read(**points: Frames) -> Read:
    """Read frames at points; ``k8s_w1__eth1`` is the point ``k8s-w1/eth1``."""
    packets, heads, hellos = [PACKETS.empty_table()], [HTTP.empty_table()], [TLS.empty_table()]
    sources, before = [], 0
    for name, frames in points.items():
        point = name.replace("__", "/").replace("_", "-")
        data = pcap(sorted(frames))
        records, view = read_records(data, point), BytesView(data)
        table = decode(view, records, Naming(source=f"{name}.pcap", points=(point,)))
        heads.append(_shifted(http_heads(view, records, table), before))
        hellos.append(_shifted(tls_hellos(view, records, table), before))
        packets.append(table)
        before += len(table)
        sources.append(
            Source(
                name=f"{name}.pcap", path=f"captures/{name}.pcap", point=point, linktype=1, sha256="ab" * 32,
                packets=len(table), bytes=len(data), first_ns=None, last_ns=None, role="nic",
            )
        )  # fmt: skip
    tables = [pa.concat_tables(one).unify_dictionaries() for one in (packets, heads, hellos)]
    return Read(tables[0], tables[1], tuple(sources), tables[2])


def _shifted(table: pa.Table, before: int) -> pa.Table:
    """Let a side table's rows count behind those of the sources before."""
    rows = pa.array([row + before for row in table["row"].to_pylist()], pa.int64())
    return table.set_column(table.column_names.index("row"), table.schema.field("row"), rows)
