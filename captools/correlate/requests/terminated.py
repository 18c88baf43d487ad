"""TLS that ends at the proxy: the client's request cannot be read, the one the proxy sends on can.

Such a request says ``x-forwarded-proto: https``, and X-Forwarded-For ends with the client's address. A TLS connection
of that address fits where the client had spoken on it before the proxy asked its backend, and where, once the backend
had answered, at least as many bytes as its answer has went back before the client spoke again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from captools.correlate.requests.attempts import Attempts
from captools.correlate.requests.heads import Message
from captools.correlate.requests.tls_legs import Talk, TlsConnection
from captools.correlate.sightings import Sightings

MOST = 64  # connections of one client that are looked at for one request
_LEAST_ANSWER = 40  # bytes of a record with the smallest head: a closing alert has fewer
_LARGEST_HEAD = 16_384  # of an answer, with what TLS itself says meanwhile (session tickets)
_RECORDS = 1.05  # what records add to a body, at most


@dataclass(frozen=True, slots=True)
class Seat:
    """The place of one request on a TLS connection: one of the client's turns."""

    connection: TlsConnection
    turn: int
    talk: Talk
    clock: str

    def request_row(self, forwarded_ns: int) -> int | None:
        """Return a sighting of the last data that the client had sent when the proxy asked its backend."""
        return self.talk.last_asked(forwarded_ns)

    def response_row(self, since_ns: int) -> int | None:
        """Return a sighting of the data with which the answer began, the backend having answered at ``since_ns``."""
        return self.talk.first_answered(since_ns)


class TlsSeats:
    """Finds the TLS connections that may carry the client's side of a request."""

    def __init__(self, rows: Sightings, clocks: list[str], connections: Sequence[TlsConnection]) -> None:
        self._rows, self._clocks = rows, clocks
        self._by: dict[str, list[TlsConnection]] = defaultdict(list)
        self._longest: dict[str, int] = defaultdict(int)
        self.crowded: set[int] = set()  # first legs of attempts for which not all connections were looked at
        for one in connections:  # by time
            for source in one.sources:
                self._by[source].append(one)
                self._longest[source] = max(self._longest[source], one.until_ns - one.first_ns)

    def of(self, unit: Attempts) -> list[Seat]:
        """Return the places on TLS connections that fit attempts, by time; those for the same host where there are any."""
        leg = unit.first
        if leg.scheme != "https" or leg.peer is None:
            return []
        open_ = self._open(leg.peer, leg.exchange.request.ts_ns)
        if len(open_) > MOST:
            self.crowded.add(leg.number)
        fits = [seat for one in open_[-MOST:] if (seat := self._seat(one, unit))]
        names = {host.partition(":")[0] for host in leg.hosts}
        return [seat for seat in fits if (seat.connection.sni or "").lower() in names] or fits

    def _open(self, peer: str, at_ns: int) -> list[TlsConnection]:
        """Return the connections of a client that were open at a time, the latest of them where there are too many."""
        line = self._by.get(peer, [])
        found: list[TlsConnection] = []
        for number in range(bisect_right(line, at_ns, key=lambda each: each.first_ns) - 1, -1, -1):
            one = line[number]
            if one.first_ns < at_ns - self._longest[peer] or len(found) > MOST:
                break
            if one.until_ns >= at_ns:
                found.append(one)
        return found[::-1]

    def _seat(self, one: TlsConnection, unit: Attempts) -> Seat | None:
        asked = unit.first.exchange.request
        for clock, at in asked.first.items():
            talk = one.talk(self._rows, self._clocks, clock)
            turn = talk.turn(at)
            if turn < 1:  # only the hello yet, or nothing on this clock
                continue
            end = talk.end(turn) if not one.multiplexed else talk.end(len(talk.turns))
            return (
                Seat(one, turn, talk, clock)
                if self._answered(talk, clock, end, unit, exact=not one.multiplexed)
                else None
            )
        return None

    def _answered(self, talk: Talk, clock: str, end: int, unit: Attempts, *, exact: bool) -> bool:
        """Tell whether enough went back to the client after the backend's answer, and over HTTP/1 not far too much."""
        answer = unit.last.exchange.response
        since = answer.first.get(clock) if answer is not None else None
        if answer is None or since is None:
            return True
        if since >= end:
            return False
        sent, body = talk.answered(since, end), body_length(unit.last.exchange.request, answer)
        if sent < _LEAST_ANSWER + (body or 0):
            return False
        return not exact or body is None or sent <= body * _RECORDS + _LARGEST_HEAD


def body_length(request: Message, answer: Message) -> int | None:
    """Return the length of an answer's body, None where its head does not tell (RFC 9112, section 6.3)."""
    if request.method == "HEAD" or answer.status in (204, 304):
        return 0
    return answer.content_length
