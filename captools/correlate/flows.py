"""Connections: packets grouped by conversation, with the side that started it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.correlate.match import Matches
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.flows import Flow
from captools.model.packets import Proto, TcpFlag

ECHO_REQUESTS = {Proto.ICMP: 8, Proto.ICMPV6: 128}
_CONVERSING = (Proto.TCP, Proto.UDP, Proto.SCTP, Proto.UDPLITE)
_ECHOES = {Proto.ICMP: (0, 8), Proto.ICMPV6: (128, 129)}


@dataclass(frozen=True, slots=True)
class Connection:
    """One conversation as one pair of addresses: rows of its two directions, in time order."""

    flow: Flow  # the originator first
    forward: Ints
    reply: Ints

    @property
    def first_row(self) -> int:
        """The earliest row."""
        return int(self.forward[0] if len(self.forward) else self.reply[0])


def connections(rows: Sightings, matches: Matches) -> list[Connection]:
    """Return all TCP, UDP, SCTP and ICMP echo conversations, by first sighting.

    A TCP connection that reuses the ports of an earlier one (another SYN sequence number) is a new one.
    """
    proto = rows["proto"]
    echo = np.zeros(len(rows), np.bool_)
    for number, types in _ECHOES.items():
        echo |= (proto == number) & np.isin(rows["icmp_type"], types)
    # WireGuard's datagrams are the tunnel's own conversation: correlate/wireguard.py reads them.
    live = np.flatnonzero((matches.ids != ABSENT) & (rows["wg_type"] == ABSENT) & (np.isin(proto, _CONVERSING) | echo))
    if not len(live):
        return []
    sport = np.where(echo, rows["icmp_id"], rows["sport"])[live]
    dport = np.where(echo, rows["icmp_id"], rows["dport"])[live]
    src, dst = rows["src"][live], rows["dst"][live]
    swap = (src > dst) | ((src == dst) & (sport > dport))
    key = np.stack(
        [
            proto[live],
            np.where(swap, dst, src),
            np.where(swap, src, dst),
            np.where(swap, dport, sport),
            np.where(swap, sport, dport),
        ]
    )
    order = np.lexsort((rows["ts_ns"][live], *key[::-1]))
    key, live, swap = key[:, order], live[order], swap[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(key, axis=1) != 0).any(axis=0)])
    found: list[Connection] = []
    for begin, end in zip(starts.tolist(), [*starts[1:].tolist(), len(live)], strict=True):
        for part in _instances(rows, live[begin:end]):
            found.append(_connection(rows, part))
    return sorted(found, key=lambda one: int(rows["ts_ns"][one.first_row]))


def _instances(rows: Sightings, members: Ints) -> list[Ints]:
    """Split the rows of one address pair at every new SYN sequence number."""
    if rows["proto"][members[0]] != Proto.TCP:
        return [members]
    flags = rows["tcp_flags"][members]
    syn = (flags & (TcpFlag.SYN | TcpFlag.ACK)) == TcpFlag.SYN
    syn &= flags != ABSENT
    if not syn.any():
        return [members]
    numbers, first = np.unique(rows["seq"][members[syn]], return_index=True)
    if len(numbers) == 1:
        return [members]
    cuts = np.sort(np.flatnonzero(syn)[first])[1:]
    return [part for part in np.split(members, cuts) if len(part)]


def _connection(rows: Sightings, members: Ints) -> Connection:
    row = _opening_row(rows, members)
    forward_first = _is_from_originator(rows, row)
    source = int(rows["src"][row]), int(rows["sport"][row])
    same_way = (rows["src"][members] == source[0]) & (rows["sport"][members] == source[1])
    proto = int(rows["proto"][row])
    if proto in _ECHOES:
        same_way = rows["icmp_type"][members] == rows["icmp_type"][row]
    forward, reply = members[same_way], members[~same_way]
    src, dst = rows.addresses[int(rows["src"][row])], rows.addresses[int(rows["dst"][row])]
    sport, dport = rows.number("sport", row), rows.number("dport", row)
    if not forward_first:
        forward, reply, src, dst, sport, dport = reply, forward, dst, src, dport, sport
    icmp_id = rows.number("icmp_id", row) if proto in _ECHOES else None
    return Connection(Flow(src, dst, proto, sport, dport, icmp_id), forward, reply)


def _opening_row(rows: Sightings, members: Ints) -> int:
    """Return the row that tells the direction best: a SYN, an echo request, else the first packet."""
    proto = int(rows["proto"][members[0]])
    if proto == Proto.TCP:
        flags = rows["tcp_flags"][members]
        for wanted in (TcpFlag.SYN, TcpFlag.SYN | TcpFlag.ACK):
            hits = members[(flags != ABSENT) & ((flags & (TcpFlag.SYN | TcpFlag.ACK)) == wanted)]
            if len(hits):
                return int(hits[0])
    elif proto in ECHO_REQUESTS:
        hits = members[rows["icmp_type"][members] == ECHO_REQUESTS[Proto(proto)]]
        if len(hits):
            return int(hits[0])
    return int(members[0])


def _is_from_originator(rows: Sightings, row: int) -> bool:
    """Tell whether ``row`` was sent by the side that started the conversation."""
    proto = int(rows["proto"][row])
    if proto in ECHO_REQUESTS:
        return int(rows["icmp_type"][row]) == ECHO_REQUESTS[Proto(proto)]
    if proto == Proto.TCP:
        syn = int(rows["tcp_flags"][row]) & (TcpFlag.SYN | TcpFlag.ACK)
        if syn == TcpFlag.SYN:
            return True
        if syn == TcpFlag.SYN | TcpFlag.ACK:
            return False
    # Seen from the middle: the service's port is the lower one (IANA's dynamic range begins at 49152).
    return int(rows["dport"][row]) <= int(rows["sport"][row])
