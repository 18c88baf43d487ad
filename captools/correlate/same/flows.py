"""Connections: packets grouped by conversation, with the side that started it.

All grouping is done on columns; Python sees one object per connection. Ports are used again: a new initial sequence
number begins a new TCP connection, a long silence a new conversation of protocols that have no beginning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.same.match import MAX_TRANSIT_NS, Matches
from captools.correlate.same.prints import mix_in
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.flows import Flow
from captools.model.packets import Proto, TcpFlag

ECHO_REQUESTS = {Proto.ICMP: 8, Proto.ICMPV6: 128}
IDLE_NS = 180_000_000_000  # what Linux calls an assured UDP stream lives no longer (nf_conntrack_udp_timeout_stream)
_CONVERSING = (Proto.TCP, Proto.UDP, Proto.SCTP, Proto.UDPLITE)
_ECHOES = {Proto.ICMP: (0, 8), Proto.ICMPV6: (128, 129)}
_OPENING = TcpFlag.SYN | TcpFlag.ACK


@dataclass(frozen=True, slots=True)
class Connection:
    """One conversation as one pair of addresses: rows of its two directions, in time order."""

    flow: Flow  # the originator first
    forward: Ints
    reply: Ints
    certain: bool = True  # a SYN, SYN-ACK or echo tells who started it; else the lower port is taken for the service's

    @property
    def first_row(self) -> int:
        """The earliest row of the originator, else of the responder."""
        return int(self.forward[0] if len(self.forward) else self.reply[0])

    def turned(self) -> Connection:
        """Return the same conversation as if the other side had started it."""
        old = self.flow
        flow = Flow(old.dst, old.src, old.proto, old.dport, old.sport, old.icmp_id)
        return Connection(flow, self.reply, self.forward, self.certain)


def connections(rows: Sightings, matches: Matches, *, times: Ints | None = None) -> list[Connection]:
    """Return all TCP, UDP, SCTP and ICMP echo conversations, by first sighting.

    ``times`` (one per row, in nanoseconds) replaces the stamps where the nodes' clocks are known to differ.
    """
    times = rows["ts_ns"] if times is None else times
    proto = rows["proto"]
    echo = np.zeros(len(rows), np.bool_)
    for number, types in _ECHOES.items():
        echo |= (proto == number) & np.isin(rows["icmp_type"], types)
    # WireGuard's datagrams are the tunnel's own conversation: correlate/wireguard reads them.
    live = np.flatnonzero((matches.ids != ABSENT) & (rows["wg_type"] == ABSENT) & (np.isin(proto, _CONVERSING) | echo))
    if not len(live):
        return []
    key, ahead = _conversation(rows, live, echo[live])
    order = np.lexsort((times[live], key))
    live, key, ahead = live[order], key[order], ahead[order]
    new = np.r_[True, key[1:] != key[:-1]]
    new |= _begins_anew(rows, live, np.cumsum(new), times[live])
    starts = np.flatnonzero(new)
    instance = np.cumsum(new) - 1
    opening, certain = _opening_rows(rows, live, starts)
    ours = ahead == ahead[opening][instance]
    asked = _asked(rows, live[opening])
    # Stable: the originator's packets first, each direction in time order.
    by = np.lexsort((ours != asked[instance], instance))
    sides = np.bincount(instance, ours == asked[instance], len(starts)).astype(np.int64)
    live, bounds = live[by], np.r_[starts, len(live)]
    found = _objects(rows, live, bounds, sides, certain)
    return sorted(found, key=lambda one: int(times[one.first_row]))


def _conversation(rows: Sightings, live: Ints, echo: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.uint64], Ints]:
    """Return a number for the pair of ends of each row, and 1 where the row goes from the smaller end to the larger.

    An echo goes from the asking end to the answering one, whatever their addresses.
    """
    sport = np.where(echo, rows["icmp_id"][live], rows["sport"][live])
    dport = np.where(echo, rows["icmp_id"][live], rows["dport"][live])
    src, dst = rows["src"][live], rows["dst"][live]
    swap = (src > dst) | ((src == dst) & (sport > dport))
    key = np.zeros(len(live), np.uint64)
    for column in (
        rows["proto"][live],
        np.where(swap, dst, src),
        np.where(swap, src, dst),
        np.where(swap, dport, sport),
        np.where(swap, sport, dport),
    ):
        key = mix_in(key, np.ascontiguousarray(column))
    return key, np.where(echo, np.isin(rows["icmp_type"][live], list(ECHO_REQUESTS.values())), ~swap).astype(np.int64)


def _begins_anew(rows: Sightings, live: Ints, pair: Ints, times: Ints) -> npt.NDArray[np.bool_]:
    """Tell where another conversation of the same ends begins; all in order of ``pair`` and time."""
    new = np.zeros(len(live), np.bool_)
    tcp = rows["proto"][live] == Proto.TCP
    silent = np.zeros(len(live), np.bool_)
    silent[1:] = (pair[1:] == pair[:-1]) & (np.diff(times) > IDLE_NS)
    new[silent & ~tcp] = True
    flags = rows["tcp_flags"][live]
    opens = tcp & (flags != ABSENT) & (flags & TcpFlag.SYN != 0)
    at = np.flatnonzero(opens)
    if not len(at):
        return new
    # SYN-ACKs tell where no SYN was captured; else they begin nothing.
    syn = flags[at] & TcpFlag.ACK == 0
    at = at[syn | ~np.isin(pair[at], pair[at[syn]])]
    _, first = np.unique(np.stack([pair[at], rows["seq"][live[at]]]), axis=1, return_index=True)
    first = np.sort(first)
    later = np.r_[False, pair[at[first]][1:] == pair[at[first]][:-1]]
    new[at[first][later]] = True
    begin = np.searchsorted(pair, pair[at[first]], "left")
    for start, stop in zip(begin[~later].tolist(), at[first][~later].tolist(), strict=True):
        # What one point saw well before the first SYN of all is of an older connection, whose own SYN was not captured.
        if start < stop and times[stop] - times[start] > MAX_TRANSIT_NS:
            here = np.flatnonzero(rows["point"][live[start:stop]] == rows["point"][live[stop]])
            new[stop] = len(here) > 0 and times[stop] - times[start + int(here[-1])] > MAX_TRANSIT_NS
    return new


def _opening_rows(rows: Sightings, live: Ints, starts: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return for each conversation which row tells its direction best (SYN, SYN-ACK, echo, else the first), and if it does."""
    flags = np.where(rows["proto"][live] == Proto.TCP, rows["tcp_flags"][live], ABSENT)
    syn = (flags != ABSENT) & (flags & TcpFlag.SYN != 0)
    worth = np.where(syn, np.where(flags & TcpFlag.ACK != 0, 1, 0), 2)
    worth[np.isin(rows["proto"][live], list(_ECHOES))] = 0
    best = np.minimum.reduceat(worth * len(live) + np.arange(len(live)), starts)
    return best % len(live), best // len(live) < 2


def _asked(rows: Sightings, opening: Ints) -> npt.NDArray[np.bool_]:
    """Tell of each opening row whether the originator sent it."""
    proto, flags, kind = rows["proto"][opening], rows["tcp_flags"][opening], rows["icmp_type"][opening]
    # Seen from the middle: the service's port is the lower one (IANA's dynamic range begins at 49152).
    asked = rows["dport"][opening] <= rows["sport"][opening]
    syn = (proto == Proto.TCP) & (flags != ABSENT) & (flags & TcpFlag.SYN != 0)
    asked = np.where(syn, flags & _OPENING == TcpFlag.SYN, asked)
    answer: npt.NDArray[np.bool_] = np.where(
        np.isin(proto, list(_ECHOES)), np.isin(kind, list(ECHO_REQUESTS.values())), asked
    )
    return answer


def _objects(
    rows: Sightings, live: Ints, bounds: Ints, sides: Ints, certain: npt.NDArray[np.bool_]
) -> list[Connection]:
    """Make the objects. ``live`` holds each conversation's rows, the originator's ``sides`` many first."""
    found: list[Connection] = []
    names = rows.addresses
    begins, middles, ends = bounds[:-1].tolist(), (bounds[:-1] + sides).tolist(), bounds[1:].tolist()
    # Any row of a conversation names its ends; the first one's sender may be either.
    head = live[bounds[:-1]]
    from_originator = sides > 0
    columns = [rows[name][head].tolist() for name in ("src", "dst", "sport", "dport", "proto", "icmp_id")]
    for begin, middle, end, src, dst, sport, dport, proto, icmp_id, forward, sure in zip(
        begins, middles, ends, *columns, from_originator.tolist(), certain.tolist(), strict=True
    ):
        ports = (None if sport == ABSENT else sport), (None if dport == ABSENT else dport)
        ends_ = (names[src], names[dst])
        if not forward:
            ends_, ports = ends_[::-1], ports[::-1]
        ident = icmp_id if proto in _ECHOES and icmp_id != ABSENT else None
        flow = Flow(ends_[0], ends_[1], proto, ports[0], ports[1], ident)
        found.append(Connection(flow, live[begin:middle], live[middle:end], sure))
    return found
