"""Requests as people think of them: who asked, which proxy, from which address it asked whom, and how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from captools.correlate.evidence import Prover
from captools.correlate.requests.exchanges import Exchange
from captools.correlate.requests.heads import Seen
from captools.correlate.requests.join import Joined
from captools.correlate.requests.legs import Leg
from captools.correlate.requests.parts import Parts, tls_leg
from captools.correlate.requests.silence import Silence
from captools.correlate.sightings import Sightings
from captools.model.evidence import Evidence, Proofs
from captools.model.requests import Attempt, Backend, ClientLeg, Proxy, Request

_BACKEND_REQUEST = "the request on the backend leg"


class Teller:
    """Turns joined legs into :class:`Request` values."""

    def __init__(self, rows: Sightings, parts: Parts, silence: Silence, prover: Prover) -> None:
        self._rows, self._parts, self._silence, self._prover = rows, parts, silence, prover

    def request(self, joined: Joined) -> Request:
        """Return one request with everything that can be said of it."""
        client = joined.client.exchange if joined.client else None
        tries = [one.exchange for one in joined.attempts]
        told, last = client or tries[0], tries[-1] if tries else client
        assert last is not None, "a joined request has at least one leg"
        asked, answered = self._client_side(joined)
        node = self._node(joined, asked)
        attempts = tuple(self._proven(self._parts.attempt(one, node), one) for one in tries)
        possible = tuple(self._parts.attempt(one.exchange, node) for one in joined.possible_attempts)
        direct = self._parts.pod_behind(client) if client is not None and not (attempts or possible) else None
        by, note, confidence = self._silence.tell(joined, node, direct)
        served = _served(attempts, client)
        ended = attempts[-1].backend if attempts and (served is not None or by != "backend") else None
        who = _who(joined)
        return Request(
            method=told.request.method,
            path=joined.client.path if joined.client else joined.attempts[0].asked[-1],
            host=told.request.host,
            status=_status(client, last),
            request_id=last.request.request_id,
            client=who.by_packets or who.by_xff or told.flow.src,
            xff=last.request.xff,
            client_leg=self._client_leg(joined),
            attempts=attempts,
            backend_leg=served,
            proxy=self._proxy(node, tries) if tries else self._shared_proxy(node, joined.possible_attempts, by),
            backend=ended or (direct if by != "proxy" else None) or _agreed([one.backend for one in possible]),
            gateway_ns=self._gateway_ns(node, asked, tries, answered),
            total_ns=self._total_ns(told, asked, answered),
            confidence=confidence,
            evidence=Proofs(partial(self._evidence, joined, asked, answered)),
            ts_ns=asked.ts[0] if asked.ts else told.request.ts_ns,
            note=note,
            client_by_packets=who.by_packets,
            client_by_xff=who.by_xff,
            xff_claimed=who.claimed,
            xff_agrees=who.agrees,
            joined_by=joined.method,
            answered_by=by,
            backends_ns=self._backends_ns(tries, node),
            envoy_upstream_ms=_upstream_ms(told, last),
            possible_attempts=possible,
            possible_client_legs=tuple(tls_leg(self._parts, seat.connection) for seat in joined.possible_seats),
            headers=told.request.headers,
        )

    def _proven(self, told: Attempt, one: Exchange) -> Attempt:
        """Return an attempt with the frames of its own request."""
        return replace(told, evidence=Proofs(partial(self._prover.of, one.request.seen.rows, _BACKEND_REQUEST)))

    def _client_side(self, joined: Joined) -> tuple[Seen, Seen]:
        """Return the sightings of the client's request and of its answer; over TLS, of the data that must be them."""
        if joined.client is not None:
            one = joined.client.exchange
            return one.request.seen, one.response.seen if one.response else Seen()
        seat = joined.seat
        if seat is None:
            return Seen(), Seen()
        answer = joined.attempts[-1].exchange.response
        since = answer.first.get(seat.clock) if answer is not None else None
        forwarded = joined.attempts[0].exchange.request.first[seat.clock]
        rows = seat.request_row(forwarded), seat.response_row(since) if since is not None else None
        asked, answered = (seat.connection.same_segment(self._rows, one) if one is not None else Seen() for one in rows)
        return asked, answered

    def _node(self, joined: Joined, asked: Seen) -> str | None:
        """Return the proxy's node: where the client leg ends; without one, whose address the proxy asks from."""
        places = self._parts.places
        if joined.client is not None:
            found = places.end(joined.client.exchange.connection, asked)
        elif joined.seat is not None and asked.rows:
            found = places.end(joined.seat.connection.number, asked)
        else:
            found = None
        if found is None and joined.attempts:
            last = joined.attempts[-1].exchange
            found = places.home(last.flow.src)
            if found is None and last.response is not None:
                found = places.beside(last.flow.src, last.flow.dst)
        return found

    def _proxy(self, node: str | None, tries: Sequence[Exchange]) -> Proxy:
        source = tries[-1].flow.src
        return Proxy(node=node, source_address=source, source_kind=self._parts.source_kind(source, node))

    def _shared_proxy(self, node: str | None, candidates: Sequence[Leg], answered_by: str) -> Proxy | None:
        """Return what is true of the proxy whichever of the candidates it asked, or where it asked nobody."""
        sources = {one.exchange.flow.src for one in candidates}
        if len(sources) == 1:
            return self._proxy(node, [candidates[0].exchange])
        if candidates or answered_by == "proxy":
            return Proxy(node=node, source_address="", source_kind="other")
        return None

    def _client_leg(self, joined: Joined) -> ClientLeg | None:
        if joined.client is not None:
            return self._parts.client_leg(joined.client.exchange, by_proxy=joined.client.by_proxy)
        return tls_leg(self._parts, joined.seat.connection) if joined.seat is not None else None

    def _gateway_ns(self, node: str | None, asked: Seen, tries: Sequence[Exchange], answered: Seen) -> int | None:
        if not tries or tries[-1].response is None:
            return None
        return self._parts.places.inside_ns(node, asked, tries[0].request.seen, tries[-1].response.seen, answered)

    def _backends_ns(self, tries: Sequence[Exchange], node: str | None) -> int | None:
        if not tries or tries[-1].response is None:
            return None
        return self._parts.places.waited_ns(tries[0].request.seen, tries[-1].response.seen, node)

    def _total_ns(self, told: Exchange, asked: Seen, answered: Seen) -> int | None:
        """Return the time until the answer, where the client leg is not known the backend's."""
        if not asked.rows and told.response is not None:
            asked, answered = told.request.seen, told.response.seen
        return self._parts.places.waited_ns(asked, answered)

    def _evidence(self, joined: Joined, asked: Seen, answered: Seen) -> tuple[Evidence, ...]:
        proof: list[Evidence] = []
        name = (
            "the request on the client leg" if joined.seat is None else "the client's data that must hold the request"
        )
        proof += self._prover.of(asked.rows, name)
        name = (
            "the answer on the client leg"
            if joined.seat is None
            else "the data to the client that must hold the answer"
        )
        proof += self._prover.of(answered.rows, name)
        for one in joined.attempts:
            proof += self._prover.of(one.exchange.request.seen.rows, _BACKEND_REQUEST)
            if one.exchange.response is not None:
                proof += self._prover.of(one.exchange.response.seen.rows, "the answer on the backend leg")
        return tuple(proof)


@dataclass(frozen=True, slots=True)
class _Who:
    """The client, by packets and by what the proxy wrote down; ``claimed`` stood in X-Forwarded-For before."""

    by_packets: str | None
    by_xff: str | None
    claimed: tuple[str, ...]
    agrees: bool | None


def _who(joined: Joined) -> _Who:
    by_xff = joined.attempts[-1].peer if joined.attempts else None
    if joined.client is not None:
        client, sources = joined.client.exchange.flow.src, joined.client.sources
        return _Who(client, by_xff, joined.client.chain, by_xff in sources if by_xff else None)
    claimed = joined.attempts[0].chain[:-1]
    if joined.seat is not None:
        connection = joined.seat.connection
        return _Who(connection.flow.src, by_xff, claimed, by_xff in connection.sources)
    return _Who(None, by_xff, claimed, None)


def _status(*legs: Exchange | None) -> int | None:
    """Return the status of the first of some legs that was answered."""
    answers = (one.response for one in legs if one is not None and one.response is not None)
    return next((answer.status for answer in answers), None)


def _served(attempts: Sequence[Attempt], client: Exchange | None) -> Attempt | None:
    """Return the attempt whose answer the client got: the last one, unless the client's status is another."""
    last = attempts[-1] if attempts else None
    if last is None or last.status is None:
        return None
    ours = client.response.status if client is not None and client.response is not None else last.status
    return last if ours == last.status else None


def _agreed(backends: Sequence[Backend]) -> Backend | None:
    """Return the backend where all candidates have the same one."""
    return backends[0] if backends and all(one == backends[0] for one in backends) else None


def _upstream_ms(*legs: Exchange) -> int | None:
    """Return the time that Envoy says its backend took, where it says so."""
    answer = next((one.response for one in legs if one.response is not None), None)
    text = answer.header("x-envoy-upstream-service-time") if answer is not None else None
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def by_time(requests: Sequence[Request]) -> tuple[Request, ...]:
    """Sort requests by time."""
    return tuple(sorted(requests, key=lambda one: one.ts_ns))
