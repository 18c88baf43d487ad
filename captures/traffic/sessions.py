"""Sessions: who talks to whom, and all their packets in time order, as arrays. No bytes yet.

Point "a" is a node's uplink (encapsulated, service addresses), point "b" the pod side of the same packets: without
the tunnel, after DNAT, TTL one lower, 1 % lost, 35 to 55 µs later.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from captures.traffic.scripts import ARP, WG_DATA, Step

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]

NONE, VXLAN, GENEVE, IPIP, GRE = range(5)
START_NS = 1_795_165_200_000_000_000
NODES = 12
_SPACING_NS = 4_000  # 250,000 packets a second

# (conversation, encapsulation, IPv6, VLAN, share of the sessions)
CLASSES = (
    ("http", NONE, 0, 0, 0.155), ("http", VXLAN, 0, 0, 0.15), ("http", NONE, 1, 0, 0.012), ("http", NONE, 0, 1, 0.008),
    ("http", GENEVE, 0, 0, 0.005), ("http", IPIP, 0, 0, 0.004), ("http", GRE, 0, 0, 0.003),
    ("tls", NONE, 0, 0, 0.07), ("tls", VXLAN, 0, 0, 0.05), ("dns", NONE, 0, 0, 0.23), ("dns", VXLAN, 0, 0, 0.13),
    ("icmp", NONE, 0, 0, 0.06), ("arp", NONE, 0, 0, 0.08), ("wg", NONE, 0, 0, 0.05),
)  # fmt: skip
_PORTS = {"http": 80, "tls": 443, "dns": 53, "icmp": 0, "arp": 0, "wg": 51_871}


def mix(value: Bits) -> Bits:
    """Spread the bits of each value (the finaliser of splitmix64)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def digits(value: Bits, shift: int, modulus: int) -> Ints:
    """Return ``(value >> shift) % modulus`` as plain integers."""
    return ((value >> np.uint64(shift)) % np.uint64(modulus)).astype(np.int64)


@dataclass(slots=True)
class Sessions:
    """One entry per session. Pairs such as ``first_seq`` are (client, server), shape (2, sessions)."""

    klass: Ints
    script: Ints
    hash: Bits
    other: Bits
    node: Ints
    address: Ints
    service: Ints
    port: Ints
    first_seq: Ints
    first_stamp: Ints
    start_ns: Ints


@dataclass(slots=True)
class Packets:
    """One entry per packet; ``session`` indexes Sessions, ``step`` the flattened scripts."""

    session: Ints
    step: Ints
    side: Ints
    kind: Ints
    template: Ints
    flags: Ints
    encap: Ints
    v6: Ints
    vlan: Ints
    random: Bits
    ts_ns: Ints

    def __len__(self) -> int:
        return len(self.session)

    def take(self, rows: Ints) -> Packets:
        """Return the packets at ``rows``, in that order."""
        return Packets(*(getattr(self, one.name)[rows] for one in fields(self)))


class Script:
    """All scripts flattened: arrays of steps, and where each script begins."""

    def __init__(self, scripts: dict[str, list[list[Step]]]) -> None:
        steps: list[Step] = []
        start: list[int] = []
        size: list[int] = []
        self.of: dict[str, tuple[int, int]] = {}  # kind of conversation: first script and how many
        for name, some in scripts.items():
            self.of[name] = (len(start), len(some))
            for one in some:
                start.append(len(steps))
                size.append(len(one))
                steps += one
        self.start, self.size = np.array(start, np.int64), np.array(size, np.int64)
        self.side, self.kind, self.template, self.flags, self.seq, self.ack = (
            np.array([getattr(step, name) for step in steps], np.int64)
            for name in ("side", "kind", "template", "flags", "seq", "ack")
        )
        clock = np.cumsum(np.array([step.after_us for step in steps], np.int64))
        self.at_us: Ints = clock - np.repeat(clock[self.start], self.size)


class Traffic:
    """Draws blocks of packets, each in time order and one after the other."""

    def __init__(self, script: Script, seed: int) -> None:
        self.script, self.seed = script, seed
        self.share = np.array([one[4] for one in CLASSES]) / sum(one[4] for one in CLASSES)
        lengths = [script.size[first : first + count].mean() for first, count in (script.of[c[0]] for c in CLASSES)]
        self.mean = float(np.dot(self.share, lengths))
        self.drawn = self.blocks = 0
        self.elapsed_ns = 0

    def block(self, count: int) -> tuple[Sessions, Packets]:
        """Return about ``count`` packets and their sessions, as point "a" sees them."""
        rng = np.random.default_rng([self.seed, self.blocks])
        span = count * _SPACING_NS
        sessions = self._sessions(rng, int(count / self.mean * 1.5) + 50, span)
        script, size = self.script, self.script.size[sessions.script]
        session = np.repeat(np.arange(len(size)), size)
        step = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        number = (session + self.drawn - len(size)).astype(np.uint64) << np.uint64(12)
        random = mix(number + step.astype(np.uint64))
        step = step + np.repeat(script.start[sessions.script], size)
        slow = rng.uniform(0.7, 3, len(size))[session]
        at = sessions.start_ns[session] + (script.at_us[step] * slow * 1_000).astype(np.int64)
        at += rng.integers(0, 900, len(at))
        # Conversations begin before the block and end after it: what lies inside is emitted.
        order = np.flatnonzero((at >= 0) & (at < span))
        order = order[np.argsort(at[order], kind="stable")][:count]
        session, step = session[order], step[order]
        kinds = np.array([one[1:4] for one in CLASSES])[sessions.klass[session]]
        packets = Packets(
            session=session, step=step, side=script.side[step], kind=script.kind[step],
            template=script.template[step], flags=script.flags[step], encap=kinds[:, 0], v6=kinds[:, 1],
            vlan=kinds[:, 2], random=random[order], ts_ns=START_NS + self.elapsed_ns + at[order],
        )  # fmt: skip
        self.blocks += 1
        self.elapsed_ns += span
        return sessions, packets

    def _sessions(self, rng: np.random.Generator, count: int, span: int) -> Sessions:
        klass = rng.choice(len(CLASSES), count, p=self.share)
        first, some = np.array([self.script.of[one[0]] for one in CLASSES]).T
        seed = np.uint64(self.seed * 1_000_003 & 0xFFFF_FFFF_FFFF)
        hash_ = mix(np.arange(self.drawn, self.drawn + count).astype(np.uint64) + seed)
        self.drawn += count
        other = mix(hash_ ^ np.uint64(0x9E3779B97F4A7C15))
        third = mix(other)
        node_c = digits(hash_, 0, NODES)
        node_s = (node_c + 1 + digits(hash_, 8, NODES - 1)) % NODES
        pods = [10 << 24 | node << 8 | digits(hash_, shift, 250) + 2 for node, shift in ((node_c, 16), (node_s, 24))]
        lead = min(span // 4, 1_000_000_000)
        return Sessions(
            klass=klass,
            script=first[klass] + rng.integers(0, 1 << 30, count) % some[klass],
            hash=hash_,
            other=other,
            node=np.stack((node_c, node_s)),
            address=np.stack(pods),
            service=10 << 24 | 96 << 16 | digits(hash_, 32, 40) << 8 | 10,
            port=np.stack((32_768 + digits(other, 0, 28_000), np.array([_PORTS[one[0]] for one in CLASSES])[klass])),
            first_seq=np.stack((digits(third, 3, 1 << 32), digits(third, 31, 1 << 32))),
            first_stamp=np.stack((digits(other, 20, 1 << 31), digits(other, 33, 1 << 31))),
            start_ns=rng.integers(-lead, span, count),
        )


def behind(packets: Packets) -> Packets:
    """Return what point "b" sees of the packets that cross it."""
    crossing = (packets.random % np.uint64(100) != 0) & (packets.kind != ARP) & (packets.kind < WG_DATA)
    seen = packets.take(np.flatnonzero(crossing))
    seen.encap = np.zeros_like(seen.encap)
    seen.vlan = np.zeros_like(seen.vlan)
    seen.ts_ns = seen.ts_ns + 35_000 + digits(seen.random, 40, 20_000)
    return seen.take(np.argsort(seen.ts_ns, kind="stable"))
