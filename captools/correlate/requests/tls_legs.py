"""TLS connections as far as they can be known without keys: hellos, and who sent how much when.

What a client sends after the server has spoken is a new turn; over HTTP/1 a turn holds one request at most, over
HTTP/2 (which a client offers by ALPN) any number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captools.correlate.requests.heads import Seen
from captools.correlate.same.flows import Connection
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.flows import Flow
from captools.model.packets import TcpFlag

H2 = "h2"
_NEVER = np.iinfo(np.int64).max
_RETRY = sha256(b"HelloRetryRequest").digest()  # the random of a server that asks for another hello (RFC 8446, 4.1.3)


@dataclass(frozen=True, slots=True)
class Talk:
    """One TLS connection on one clock: its data segments by time, and where the client's turns begin."""

    ts: Ints
    asks: npt.NDArray[np.bool_]
    row: Ints
    sent: Ints  # bytes that the server has sent up to each segment, itself included
    turns: Ints  # times

    def turn(self, at_ns: int) -> int:
        """Return the number of the client's turn that is on at a time; 0 is the hello, -1 none yet."""
        return int(np.searchsorted(self.turns, at_ns, side="right")) - 1

    def end(self, turn: int) -> int:
        """Return when the next turn begins; a time beyond all others for the last one."""
        return int(self.turns[turn + 1]) if turn + 1 < len(self.turns) else _NEVER

    def answered(self, since_ns: int, until_ns: int) -> int:
        """Return how many bytes the server sent from one time up to another."""
        first, last = (int(np.searchsorted(self.ts, one, side="left")) for one in (since_ns, until_ns))
        return int((self.sent[last - 1] if last else 0) - (self.sent[first - 1] if first else 0))

    def last_asked(self, until_ns: int) -> int | None:
        """Return the last data segment that the client sent up to a time."""
        hits = np.flatnonzero((self.ts <= until_ns) & self.asks)
        return int(self.row[hits[-1]]) if len(hits) else None

    def first_answered(self, since_ns: int) -> int | None:
        """Return the first data segment that the server sent from a time on."""
        hits = np.flatnonzero((self.ts >= since_ns) & ~self.asks)
        return int(self.row[hits[0]]) if len(hits) else None


@dataclass(slots=True)
class TlsConnection:
    """One TCP connection with a ClientHello. ``alpn`` is the chosen protocol where it can be seen (up to TLS 1.2)."""

    number: int
    flow: Flow
    variants: tuple[Connection, ...]
    sni: str | None
    offered: tuple[str, ...]
    alpn: str | None
    version: int | None
    random: bytes | None
    hellos: Seen
    first_ns: int
    until_ns: int  # of the last packet where it was closed; a time beyond all others where no end was seen
    server_random: bytes | None = None
    _talks: dict[str, Talk] = field(default_factory=dict)

    @property
    def sources(self) -> frozenset[str]:
        """The client's address before and behind NAT."""
        return frozenset(one.flow.src for one in self.variants)

    @property
    def multiplexed(self) -> bool:
        """Tell whether several requests may be under way at once."""
        return H2 in self.offered and self.alpn in (None, H2)

    def talk(self, rows: Sightings, clocks: list[str], clock: str) -> Talk:
        """Return what was said as one clock saw it."""
        if clock not in self._talks:
            self._talks[clock] = _talk(rows, clocks, clock, self.variants)
        return self._talks[clock]

    def same_segment(self, rows: Sightings, row: int) -> Seen:
        """Return the sightings of the data that ``row`` begins with."""
        every = _rows(self.variants, asks=bool(np.isin(row, _rows(self.variants, asks=True))))
        same = every[(rows["seq"][every] == rows["seq"][row]) & (rows["payload_len"][every] > 0)]
        return Seen.of(rows, same)


def tls_connections(rows: Sightings, tls: pa.Table, groups: Sequence[Sequence[Connection]]) -> list[TlsConnection]:
    """Return the connections with a ClientHello in the TLS table (schema TLS), by time."""
    if not len(tls):
        return []
    hellos: dict[int, list[dict[str, object]]] = {}
    number = np.full(len(rows), ABSENT, np.int64)
    for at, variants in enumerate(groups):
        for one in variants:
            number[one.forward] = number[one.reply] = at
    for hello in tls.to_pylist():
        at = int(number[hello["row"]])
        if at != ABSENT:
            hellos.setdefault(at, []).append(hello)
    found = [_connection(rows, at, tuple(groups[at]), some) for at, some in hellos.items()]
    return sorted((one for one in found if one is not None), key=lambda one: one.first_ns)


def _connection(
    rows: Sightings, number: int, variants: tuple[Connection, ...], hellos: list[dict[str, object]]
) -> TlsConnection | None:
    asked = [one for one in hellos if one["kind"] == "client_hello"]
    if not asked:
        return None
    best = max(asked, key=lambda one: bool(one["complete"]))
    answers = [one for one in hellos if one["kind"] == "server_hello" and one["complete"]]
    answer = answers[-1] if answers else {}
    every = np.concatenate([_rows(variants, asks=True), _rows(variants, asks=False)])
    flags = rows["tcp_flags"][every]
    ended = bool(((flags != ABSENT) & (flags & (TcpFlag.FIN | TcpFlag.RST) != 0)).any())
    chosen: list[str] = answer.get("alpn") or []  # type: ignore[assignment]
    offered: list[str] = best["alpn"] or []  # type: ignore[assignment]
    seen = np.array([one["row"] for one in asked], np.int64)
    return TlsConnection(
        number=number,
        flow=variants[0].flow,
        variants=variants,
        sni=best["sni"],  # type: ignore[arg-type]
        offered=tuple(offered),
        alpn=chosen[0] if chosen else None,
        version=answer.get("version"),  # type: ignore[arg-type]
        random=best["random"],  # type: ignore[arg-type]
        hellos=Seen.of(rows, seen),
        first_ns=int(rows["ts_ns"][every].min()),
        until_ns=int(rows["ts_ns"][every].max()) if ended else _NEVER,
        server_random=None if answer.get("random") == _RETRY else answer.get("random"),  # type: ignore[arg-type]
    )


def _rows(variants: Sequence[Connection], *, asks: bool) -> Ints:
    return np.concatenate([one.forward if asks else one.reply for one in variants])


def _talk(rows: Sightings, clocks: list[str], clock: str, variants: Sequence[Connection]) -> Talk:
    here = np.array([one == clock for one in clocks], np.bool_)
    parts = []
    for asks in (True, False):
        part = _rows(variants, asks=asks)
        part = part[here[rows["point"][part]] & (rows["payload_len"][part] > 0)]
        part = part[np.argsort(rows["ts_ns"][part], kind="stable")]
        _, first = np.unique(rows["seq"][part], return_index=True)  # the same data at another interface, or again
        parts.append(part[np.sort(first)])
    row = np.concatenate(parts)
    asks = np.r_[np.ones(len(parts[0]), np.bool_), np.zeros(len(parts[1]), np.bool_)]
    order = np.lexsort((~asks, rows["ts_ns"][row]))
    row, asks = row[order], asks[order]
    ts = rows["ts_ns"][row]
    begins = asks & np.r_[True, ~asks[:-1]] if len(asks) else asks
    return Talk(ts, asks, row, np.cumsum(np.where(asks, 0, rows["payload_len"][row])), ts[begins])
