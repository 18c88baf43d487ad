"""TLS sessions: what can be said of a request that nobody on the way could read.

A proxy that routes by SNI opens nothing: the ClientHello goes on as it came, with its 32 random bytes. The same
random on two TCP connections proves one TLS session over both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from captools.correlate.evidence import Prover
from captools.correlate.requests.join import Joined
from captools.correlate.requests.parts import Parts, tls_leg
from captools.correlate.requests.tls_legs import TlsConnection
from captools.correlate.sightings import Sightings
from captools.model.cluster import AddressKind
from captools.model.evidence import Confidence, Evidence
from captools.model.requests import Attempt, Backend, Proxy, TlsSession

_NOTES = {
    "passthrough": "nobody between them opened it: what was asked is not known",
    "terminated": "it ends at the proxy, which sends its requests on in clear",
    "end-to-end": "it ends at the pod: what was asked is not known",
    "unknown": "where it ends, no request in clear was seen to go on",
}


class Sessions:
    """Makes TLS sessions of TLS connections."""

    def __init__(self, rows: Sightings, parts: Parts, prover: Prover) -> None:
        self._rows, self._parts, self._prover = rows, parts, prover

    def told(self, connections: Sequence[TlsConnection], joined: Iterable[Joined]) -> tuple[TlsSession, ...]:
        """Return every TLS session once, by time."""
        requests = Counter(one.seat.connection.number for one in joined if one.seat is not None)
        by_random: dict[bytes, list[list[TlsConnection]]] = {}
        told: list[list[TlsConnection]] = []
        for one in connections:  # by time: the client's own comes first
            alike = by_random.setdefault(one.random or str(one.number).encode(), [])
            legs = next((legs for legs in alike if self._one_session(legs[0], one)), None)
            if legs is None:
                alike.append([one])
                told.append(alike[-1])
            else:
                legs.append(one)
        return tuple(self._session(legs, requests[legs[0].number]) for legs in told)

    def _session(self, legs: list[TlsConnection], requests: int) -> TlsSession:
        first, others = legs[0], self._further(legs)
        node = self._parts.places.end(first.number, first.hellos)
        behind = tuple(self._leg(one, node) for one in others)
        ends = self._pod(others[-1] if others else first)
        kind = "passthrough" if others else "terminated" if requests else "end-to-end" if ends else "unknown"
        proxy = Proxy(node=node, source_address="", source_kind="other") if kind == "terminated" else None
        if behind:
            proxy = Proxy(node=node, source_address=behind[-1].src, source_kind=behind[-1].source_kind)
        return TlsSession(
            kind=kind,
            client_leg=tls_leg(self._parts, first),
            backend_legs=behind,
            proxy=proxy,
            backend=behind[-1].backend if behind else ends,
            requests=requests,
            confidence=Confidence.LIKELY if kind == "terminated" else Confidence.PROVEN,
            note=_NOTES[kind],
            evidence=self._evidence(first, others),
            ts_ns=int(self._rows["ts_ns"][first.hellos.rows[0]]),
            same_bytes=bool(others) and all(self._begin(one) == self._begin(first) for one in others),
        )

    def _begin(self, one: TlsConnection) -> tuple[int, int]:
        """Return hash and length of the segment that a hello begins in."""
        row = one.hellos.rows[0]
        return int(self._rows["payload_hash"][row]), int(self._rows["payload_len"][row])

    def _one_session(self, first: TlsConnection, other: TlsConnection) -> bool:
        """Tell whether connections whose hellos have the same random are one session.

        Some clients send the same bytes always: then the servers' randoms differ. Where not both were captured, a second
        connection of the same client is taken for a second session.
        """
        if self._translated(first, other):
            return True
        if first.server_random is not None and other.server_random is not None:
            return first.server_random == other.server_random
        return first.sources.isdisjoint(other.sources)

    def _further(self, legs: list[TlsConnection]) -> list[TlsConnection]:
        """Return the further TCP connections."""
        return [one for one in legs[1:] if not self._translated(legs[0], one)]

    def _translated(self, first: TlsConnection, other: TlsConnection) -> bool:
        """Tell whether a connection is another one with other addresses: then its TCP numbers are the very same."""
        rows = first.hellos.rows[0], other.hellos.rows[0]
        return all(int(self._rows[name][rows[0]]) == int(self._rows[name][rows[1]]) for name in ("seq", "ack"))

    def _leg(self, one: TlsConnection, node: str | None) -> Attempt:
        flow = one.flow
        return Attempt(
            src=flow.src, sport=flow.sport or 0, dst=flow.dst, dport=flow.dport or 0,
            points=self._parts.places.points(one.hellos), status=None,
            source_kind=self._parts.source_kind(flow.src, node),
            backend=self._pod(one) or self._parts.backend(flow.dst, flow.dport or 0), host=one.sni or "",
        )  # fmt: skip

    def _pod(self, one: TlsConnection) -> Backend | None:
        for variant in one.variants:
            if self._parts.kind(variant.flow.dst) is AddressKind.POD:
                return self._parts.backend(variant.flow.dst, variant.flow.dport or 0)
        return None

    def _evidence(self, first: TlsConnection, others: Sequence[TlsConnection]) -> tuple[Evidence, ...]:
        proof = list(self._prover.of(first.hellos.rows, "the ClientHello of the client leg"))
        for one in others:
            proof += self._prover.of(one.hellos.rows, "the same ClientHello, with the same random, on the backend leg")
        return tuple(proof)
