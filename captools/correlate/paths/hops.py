"""Hops: what a packet looks like at each point of its way, and what was done to it since the point before."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from captools.correlate.evidence import Prover
from captools.correlate.paths.directions import WORDS
from captools.correlate.paths.timing import Timing
from captools.correlate.same.match import Matches
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.addresses import endpoint, to_text
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence
from captools.model.identities import of_workload
from captools.model.paths import Change, Hop, Way

_SHOWS = "the packet at this point"
_COLUMNS = ("point", "src", "dst", "sport", "dport", "proto", "outer_src", "outer_dst", "vni", "ttl", "outer_ttl",
            "ts_ns", "tunnel", "wire_len", "depth", "wg_type", "direction")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One hop before it is told: its first row, all rows that show it, its direction (OUT, IN or UNKNOWN).

    ``timed``: the row's stamp is that of the packet followed, and not of another one in the same super-frame.
    """

    row: int
    proofs: tuple[int, ...]
    direction: int
    frames: int = 1
    timed: bool = True


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells hops of many packets; ``load`` reads the columns of all of their rows at once."""

    rows: Sightings
    matches: Matches
    cluster: Cluster
    timing: Timing
    prover: Prover
    _facts: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _dsr: dict[int, str] = field(default_factory=dict)
    _senders: dict[tuple[int, int], int | None] = field(default_factory=dict)
    _names: dict[int, str | None] = field(default_factory=dict)

    def load(self, some: Ints) -> None:
        """Read what is told of the rows ``some``, and of no others any more."""
        self._facts.clear()
        self._dsr.clear()
        columns = [self.rows[name][some].tolist() for name in _COLUMNS]
        self._facts.update(zip(some.tolist(), zip(*columns, strict=True), strict=True))
        if self.rows.table["dsr_addr"].null_count < len(self.rows):
            taken = self.rows.table.select(["dsr_addr", "dsr_port"]).take(pa.array(some))
            pairs = zip(taken["dsr_addr"].to_pylist(), taken["dsr_port"].to_pylist(), strict=True)
            self._dsr.update(
                (row, endpoint(to_text(address), port))
                for row, (address, port) in zip(some.tolist(), pairs, strict=True)
                if address is not None
            )

    def hops(self, sightings: list[Sighting], way: Way) -> tuple[Hop, ...]:
        """Tell the hops of one packet, in order of travel."""
        found = []
        before: Sighting | None = None
        for one in sightings:
            found.append(self._hop(one, before, way))
            before = one
        return tuple(found)

    def _hop(self, one: Sighting, before: Sighting | None, way: Way) -> Hop:
        (point, src, dst, sport, dport, _, outer_src, outer_dst, vni, ttl, outer_ttl, ts_ns, tunnel, wire_len, _,
         wg_type, _) = self._facts[one.row]  # fmt: skip
        addresses = self.rows.addresses
        delay, error = None, None
        if before is not None and before.timed and one.timed:
            delay, error = self.timing.delay(before.row, one.row)
        sealed = wg_type != ABSENT
        return Hop(
            point=self.rows.points[point],
            way=way,
            direction=WORDS[one.direction] or self.rows.direction(one.row),
            src="" if src == ABSENT else addresses[src],
            dst="" if dst == ABSENT else addresses[dst],
            sport=None if sport == ABSENT else sport,
            dport=None if dport == ABSENT else dport,
            outer_src=None if outer_src == ABSENT else addresses[outer_src],
            outer_dst=None if outer_dst == ABSENT else addresses[outer_dst],
            vni=None if vni == ABSENT else vni,
            identity=None if vni == ABSENT else self._name(vni),
            ttl=None if ttl == ABSENT else ttl,
            outer_ttl=None if outer_ttl == ABSENT else outer_ttl,
            change=Change.NONE if before is None else self._change(before.row, one.row),
            ts_ns=ts_ns,
            delay_ns=delay,
            delay_error_ns=error,
            confidence=self._confidence(one.row, sealed),
            tunnel="wireguard" if sealed else self.rows.tunnels[tunnel],
            wire_len=max(wire_len, 0),
            evidence=self.prover.of(one.proofs, _SHOWS),
            frames=one.frames,
            sender_identity=None if vni == ABSENT else self._sender(src, vni),
            dsr=self._dsr.get(one.row),
        )

    def _name(self, vni: int) -> str | None:
        if vni not in self._names:
            self._names[vni] = self.cluster.identity_name(vni) or None
        return self._names[vni]

    def _sender(self, src: int, vni: int) -> int | None:
        """Return the identity of the sending pod, where the VNI must be it.

        Not where either is reserved (the node, health, world, ingress …) or of another cluster of a mesh.
        """
        key = src, vni
        if key not in self._senders:
            pod = None if src == ABSENT else self.cluster.pod_of(self.rows.addresses[src])
            known = None if pod is None else pod.identity
            self._senders[key] = known if known is not None and of_workload(known) and of_workload(vni) else None
        return self._senders[key]

    def _confidence(self, row: int, sealed: bool) -> Confidence:
        number = int(self.matches.ids[row])
        known = Confidence.POSSIBLE if number == ABSENT else self.matches.confidence(number)
        # Which datagram carries a packet is told by size, order and time only.
        return Confidence.LIKELY if sealed and known is Confidence.PROVEN else known

    def _change(self, before: int, row: int) -> Change:
        _, src, dst, sport, dport, _, _, _, _, ttl, outer_ttl, *_, depth, wg_type, _ = self._facts[row]
        _, src_, dst_, sport_, dport_, _, _, _, _, ttl_, outer_ttl_, *_, depth_, wg_type_, _ = self._facts[before]
        if (wg_type == ABSENT) != (wg_type_ == ABSENT):
            return Change.DECRYPTED if wg_type == ABSENT else Change.ENCRYPTED
        if depth != depth_:
            return Change.ENCAPSULATED if depth > depth_ else Change.DECAPSULATED
        if wg_type == ABSENT and (src, dst, sport, dport) != (src_, dst_, sport_, dport_):
            return Change.TRANSLATED
        fell = ttl != ABSENT and ttl < ttl_
        return Change.ROUTED if fell or (outer_ttl != ABSENT and outer_ttl < outer_ttl_) else Change.NONE
