"""Frames of a reference case as tshark shows them, and which of them must be one packet: nothing of captools is asked.

Ends are told as the sender knows them: what the lab knows to have been translated (``seen_src``, ``seen_dst`` and the
shares of services in ``case.toml``) is turned back first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from captools.lab.topology import NODES, Mode
from captures.cases import Case
from tests.agreement.tshark_columns import tshark_rows

Place = tuple[str, int]  # point, frame
QUOTING = {3, 4, 5, 11, 12}  # ICMP errors: tshark shows what they quote behind their own header
_DATA = 4  # type of a WireGuard message that carries a packet
_EMPTY = 32  # bytes of one that carries none: header and authentication tag
_HALF = 1 << 31


@dataclass(frozen=True, slots=True)
class Ends:
    """Who talks to whom; ``ident`` of ICMP echo is None where a translation may have changed it."""

    proto: int
    src: str
    dst: str
    sport: int | None = None
    dport: int | None = None
    ident: int | None = None


Side = tuple[str, Ends]


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame: ``shown`` and ``ends`` are its innermost addresses as they are and as the sender knows them.

    ``ttls`` are those of all its own headers, outermost first. ``numbers`` are the innermost header's that nothing on the
    way may change. ``data``: (first sequence number, bytes) of TCP. ``sealed``: (receiver, counter, packet bytes).
    ``ip_len`` is the length of all of it, tunnel included.
    """

    place: Place
    ts_ns: int
    shown: Ends
    ends: Ends
    ttls: tuple[int, ...]
    numbers: tuple[object, ...]
    data: tuple[int, int] | None
    sealed: tuple[str, int, int] | None
    ip_len: int

    @property
    def point(self) -> str:
        """Where it was seen."""
        return self.place[0]

    @property
    def side(self) -> Side:
        """Where, and on which side of a translation that the same point shows."""
        return self.place[0], self.shown

    @property
    def node(self) -> str:
        """On which node."""
        return self.place[0].partition("/")[0]


Frames = dict[Place, Seen]


def frames_of(case: Case) -> Frames:
    """Return every frame of a case that holds an IP packet."""
    paths = [path for path in case.captures if path.stat().st_size > 24]
    back = _translations(case)
    found: Frames = {}
    with ThreadPoolExecutor(2) as pool:
        for path, rows in zip(paths, pool.map(tshark_rows, paths), strict=True):
            point = path.name.partition(".pcap")[0].replace("__", "/", 1)
            for number, row in enumerate(rows, 1):
                if row["src6"]:
                    found[point, number] = _seen_6((point, number), row)
                elif row["src4"]:
                    found[point, number] = _seen((point, number), row, back)
    return found


def _translations(case: Case) -> dict[Ends, Ends]:
    """Return the translated ends of packets in both directions -> the ends that the sender knows."""
    back: dict[Ends, Ends] = {}
    for flow in case.truth["truth"]["flows"]:
        if "seen_dst" in flow:  # a service's address: those of shares are told below, one by one
            proto = 6 if flow["proto"] == "tcp" else 1
            there = Ends(
                proto, flow.get("seen_src", flow["src"]), flow["seen_dst"],
                flow.get("seen_sport", flow.get("sport")), flow.get("seen_dport", flow.get("dport")),
            )  # fmt: skip
            sent = Ends(proto, flow["src"], flow["dst"], flow.get("sport"), flow.get("dport"))
            back |= {there: sent, _turned(there): _turned(sent)}
        elif "seen_src" in flow:
            proto = 6 if flow["proto"] == "tcp" else 1
            there = Ends(proto, flow["seen_src"], flow["dst"], flow.get("seen_sport"), flow.get("dport"))
            sent = Ends(proto, flow["src"], flow["dst"], flow.get("sport"), flow.get("dport"))
            # With one address in front of several pods an ICMP packet may be either's: left as it is, it is in doubt.
            twice = proto == 1 and back.get(there, sent) != sent
            back[there], back[_turned(there)] = (there, _turned(there)) if twice else (sent, _turned(sent))
            back |= {sent: sent, _turned(sent): _turned(sent)}
    for share in case.truth["truth"].get("shares", ()):
        for port, seen_port in share["ports"]:
            there = Ends(6, share["seen_src"], share["backend_ip"], seen_port, share["backend_port"])
            sent = Ends(6, share["client"], share["address"], port, share["port"])
            back |= {there: sent, _turned(there): _turned(sent)}
    return back


def _turned(ends: Ends) -> Ends:
    return Ends(ends.proto, ends.dst, ends.src, ends.dport, ends.sport, ends.ident)


def _seen(place: Place, row: dict[str, list[str]], back: dict[Ends, Ends]) -> Seen:
    proto = _number(row["ip_proto"], -1) or 0
    kind = _number(row["icmp_type"], 0) if row["icmp_type"] else None
    own = -2 if kind in QUOTING else -1
    proto = _number(row["ip_proto"], own) or 0
    src, dst = row["src4"][own], row["dst4"][own]
    numbers: tuple[object, ...] = (_number(row["ip_id"], own), _number(row["ip_len"], own))
    data, shown = None, Ends(proto, src, dst)
    if proto == 6:
        shown = Ends(proto, src, dst, _number(row["tcp_sport"], -1), _number(row["tcp_dport"], -1))
        numbers += tuple(_number(row[name], -1) for name in ("seq", "ack", "tcp_flags", "tcp_len", "tsval", "tsecr"))
        length = _number(row["tcp_len"], -1) or 0
        data = (_number(row["seq"], -1) or 0, length) if length else None
    elif proto == 17:
        shown = Ends(proto, src, dst, _number(row["udp_sport"], -1), _number(row["udp_dport"], -1))
    elif proto == 1:
        shown = Ends(proto, src, dst, ident=_number(row["icmp_id"], 0))
        numbers += (kind, _number(row["icmp_code"], 0), _number(row["icmp_seq"], 0))
    blind = Ends(proto, src, dst) if proto == 1 else shown
    sealed = None
    if row["wg_type"]:
        numbers += (*row["wg_type"], *row["wg_sender"], *row["wg_receiver"], *row["wg_counter"])
        if _number(row["wg_type"], 0) == _DATA:
            sealed = row["wg_receiver"][0], _number(row["wg_counter"], 0) or 0, (_number(row["ip_len"], 0) or 0) - 28
    seconds, _, rest = row["ts_ns"][0].partition(".")
    return Seen(
        place=place,
        ts_ns=int(seconds) * 10**9 + int(rest[:9].ljust(9, "0")),
        shown=shown,
        ends=back.get(blind, shown),
        ttls=tuple(int(text) for text in (row["ttl4"][:-1] if own == -2 else row["ttl4"])),
        numbers=numbers,
        data=data,
        sealed=sealed,
        ip_len=_number(row["ip_len"], 0) or 0,
    )


def _seen_6(place: Place, row: dict[str, list[str]]) -> Seen:
    """Read a frame whose innermost header is IPv6, over whatever; the lab translates none of them."""
    proto = _number(row["ip6_next"], -1) or 0
    kind = _number(row["icmp6_type"], 0) if row["icmp6_type"] else None
    numbers: tuple[object, ...] = (_number(row["ip6_len"], -1), kind)
    data, shown = None, Ends(proto, row["src6"][-1], row["dst6"][-1])
    if proto == 6:
        shown = Ends(proto, shown.src, shown.dst, _number(row["tcp_sport"], -1), _number(row["tcp_dport"], -1))
        numbers += tuple(_number(row[name], -1) for name in ("seq", "ack", "tcp_flags", "tcp_len", "tsval", "tsecr"))
        length = _number(row["tcp_len"], -1) or 0
        data = (_number(row["seq"], -1) or 0, length) if length else None
    elif proto == 17:
        shown = Ends(proto, shown.src, shown.dst, _number(row["udp_sport"], -1), _number(row["udp_dport"], -1))
    elif kind is not None:
        shown = Ends(proto, shown.src, shown.dst, ident=_number(row["icmp6_id"], 0))
        numbers += (_number(row["icmp6_code"], 0), _number(row["icmp6_seq"], 0))
    seconds, _, rest = row["ts_ns"][0].partition(".")
    return Seen(
        place=place,
        ts_ns=int(seconds) * 10**9 + int(rest[:9].ljust(9, "0")),
        shown=shown,
        ends=shown,
        ttls=tuple(int(text) for text in (*row["ttl4"], *row["ttl6"])),
        numbers=numbers,
        data=data,
        sealed=None,
        ip_len=(_number(row["ip6_len"], 0) or 0) + 40,
    )


def _number(texts: list[str], at: int) -> int | None:
    return int(texts[at], 0) if len(texts) >= max(-at, at + 1) and texts[at] else None


@dataclass(frozen=True, slots=True)
class Sure:
    """What is sure: per frame and point the frames there that show the same packet (or bytes of it)."""

    partners: dict[Place, dict[str, frozenset[Place]]]
    doubtful: int  # frames of which this is not known at any other point

    @property
    def links(self) -> set[frozenset[Place]]:
        """All pairs of frames that must be linked."""
        return {
            frozenset((one, other))
            for one, points in self.partners.items()
            for others in points.values()
            for other in others
        }


def sure_links(frames: Frames) -> Sure:
    """Return what the frames' own numbers prove, by equal numbers that are unique at both points, bytes, and order."""
    partners: dict[Place, dict[str, frozenset[Place]]] = defaultdict(dict)
    doubtful: set[Place] = set()
    _by_numbers((one for one in frames.values() if one.data is None), partners, doubtful)
    _by_bytes((one for one in frames.values() if one.data is not None), partners, doubtful)
    _by_order(frames, partners)
    return Sure(dict(partners), len(doubtful))


def _by_numbers(frames: Iterable[Seen], partners: dict[Place, Any], doubtful: set[Place]) -> None:
    groups: dict[object, list[Seen]] = defaultdict(list)
    for one in frames:
        groups[one.ends, one.numbers].append(one)
    for same in groups.values():
        often = Counter(one.side for one in same)
        doubtful |= {one.place for one in same if often[one.side] > 1}
        for one, other in permutations((one for one in same if often[one.side] == 1), 2):
            _join(partners, one.place, {other.place})


def _by_bytes(frames: Iterable[Seen], partners: dict[Place, Any], doubtful: set[Place]) -> None:
    """Link the frames of a conversation that carry the same bytes, unless a point saw any of them twice."""
    streams: dict[Ends, dict[Side, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for one in frames:
        streams[one.ends][one.side].append(one)
    for sides in streams.values():
        sound = {}
        for side, some in sides.items():
            spans = sorted((*(one.data or (0, 0)), one.place) for one in some)
            whole = spans[-1][0] - spans[0][0] < _HALF
            if whole and all(
                begin + size <= after for (begin, size, _), (after, *_) in zip(spans, spans[1:], strict=False)
            ):
                sound[side] = spans
            else:
                doubtful |= {one.place for one in some}
        for here, there in permutations(sound, 2):
            for begin, size, place in sound[here]:
                same = {at for first, length, at in sound[there] if first < begin + size and first + length > begin}
                if same:
                    _join(partners, place, same)
        if len(sound) < len(sides):
            _by_whole_frames(sides, sound.keys(), partners)
    doubtful.difference_update(partners)


def _by_whole_frames(sides: dict[Side, list[Seen]], sound: Collection[Side], partners: dict[Place, Any]) -> None:
    """Link frames that are the same to the last number, IP id included, where bytes alone do not tell: some came twice."""
    groups: dict[object, list[Seen]] = defaultdict(list)
    for some in sides.values():
        for one in some:
            groups[one.numbers].append(one)
    for same in groups.values():
        often = Counter(one.side for one in same)
        for one, other in permutations((one for one in same if often[one.side] == 1), 2):
            if not {one.side, other.side} <= set(sound):
                _join(partners, one.place, {other.place})


def _join(partners: dict[Place, Any], place: Place, others: set[Place]) -> None:
    """Note that frames of one other point show the packet of ``place``; a point that translates it shows it twice."""
    point, _ = min(others)
    if point != place[0]:
        partners[place][point] = partners[place].get(point, frozenset()) | others


def _by_order(frames: Frames, partners: dict[Place, Any]) -> None:
    """Link what goes into a WireGuard device with the datagrams that leave its node, where both are as many.

    Counters tell the order of the datagrams, the node's clock that of the packets; every size must fit.
    """
    sealed: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    inner: dict[str, list[Seen]] = defaultdict(list)
    for one in frames.values():
        if one.sealed and one.sealed[2] > _EMPTY:
            sealed[one.point, one.sealed[0]].append(one)
        elif one.point.endswith("/cilium_wg0"):
            inner[one.point].append(one)
    sealing: dict[tuple[Place, str], set[Place]] = defaultdict(set)
    for (point, _), datagrams in sealed.items():
        datagrams.sort(key=lambda one: one.sealed[1] if one.sealed else 0)
        node = point.partition("/")[0]
        packets = sorted(inner[f"{node}/cilium_wg0"], key=lambda one: (one.ts_ns, one.place))
        peers = {(one.shown.src, one.shown.dst) for one in datagrams}
        fitting = [one for one in packets if len(peers) == 1 and _goes(one, *next(iter(peers)))]
        if len(fitting) == len(datagrams) and all(map(_fits, fitting, datagrams)):
            for one, other in zip(fitting, datagrams, strict=True):
                for here in _with_partners(one.place, partners):
                    for there in _with_partners(other.place, partners):
                        sealing[here, there[0]].add(there)
                        sealing[there, here[0]].add(here)
    for (place, point), others in sealing.items():
        partners[place][point] = frozenset(others)


def _with_partners(place: Place, partners: dict[Place, Any]) -> set[Place]:
    """Return a frame and all that show the same packet, or bytes of it."""
    return {place, *(other for others in partners.get(place, {}).values() for other in others)}


def _goes(packet: Seen, src: str, dst: str) -> bool:
    """Tell whether a packet goes from one of the lab's nodes to another, given by the nodes' addresses."""
    homes = {node.pod_cidr.rpartition(".")[0]: node.address for node in NODES}
    return (homes.get(packet.shown.src.rpartition(".")[0]), homes.get(packet.shown.dst.rpartition(".")[0])) == (
        src,
        dst,
    )


def _fits(packet: Seen, datagram: Seen) -> bool:
    """Tell whether a datagram holds a packet of that size: padded to 16 bytes, but not beyond the device's MTU.

    (The WireGuard paper, section 5.4.6; its implementations stop at the MTU.)
    """
    padded = min(-(-packet.ip_len // 16) * 16, Mode.WIREGUARD.pod_mtu)
    return datagram.sealed is not None and datagram.sealed[2] - _EMPTY == padded
