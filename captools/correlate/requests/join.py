"""One request over two connections: join the client leg and the backend leg of a proxy.

Envoy makes a new connection (or takes a pooled one), so that nothing of the packets survives; what does survive is
the request. First every pair is judged alone (fit.py), then all together (assign.py): an id or an answer that occurs
once proves a pair and takes its client request away from the others; what then has one place in every possible
assignment is likely; what stays interchangeable is told as such, with all candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from captools.correlate.requests.assign import assign
from captools.correlate.requests.attempts import Attempts, attempts
from captools.correlate.requests.candidates import Candidates
from captools.correlate.requests.exchanges import Exchange
from captools.correlate.requests.fit import Fitter, Strength
from captools.correlate.requests.legs import Leg, legs
from captools.correlate.requests.order import Timeline
from captools.correlate.requests.terminated import Seat, TlsSeats
from captools.model.evidence import Confidence

_METHODS = {
    Strength.ID: (Confidence.PROVEN, "one request id on both legs"),
    Strength.ANSWER: (Confidence.PROVEN, "an answer that occurs once on either side"),
    Strength.PLAIN: (Confidence.LIKELY, "the only one that fits by addresses, method, path and time"),
    Strength.UNTIMED: (Confidence.POSSIBLE, "the only one that fits, if the clocks of both legs agree"),
}
_DOUBT = {one: at for at, one in enumerate(Confidence)}
BY_ELIMINATION = "the only way to place all requests"
OVER_TLS = "the only TLS connection that fits by address, time and sizes"


@dataclass(slots=True)
class Joined:
    """A client leg with its attempts, or one of the two alone.

    ``seat`` is the client leg where that is TLS. Where several fit, ``possible_attempts`` or ``possible_seats`` name
    them, and nothing is chosen; ``crowded`` where there were too many even to look at.
    """

    client: Leg | None
    attempts: list[Leg] = field(default_factory=list)
    confidence: Confidence = Confidence.LIKELY
    method: str = ""
    seat: Seat | None = None
    possible_attempts: list[Leg] = field(default_factory=list)
    possible_seats: list[Seat] = field(default_factory=list)
    crowded: bool = False


def join(
    found: Sequence[Exchange],
    time: Timeline,
    tls: TlsSeats | None = None,
    is_proxy: Callable[[str], bool] = lambda address: False,
) -> list[Joined]:
    """Return every request once: legs that belong together joined, the others alone.

    ``is_proxy`` tells of addresses that only proxies send from: what comes from there is no client's own request.
    """
    every = legs(found)
    units = attempts(one for one in every if one.forwarded)
    fitter = Fitter(time, every)
    candidates = Candidates(time, every)
    fits = [_strongest(candidates.fits(unit, fitter)) for unit in units]
    seats: list[list[Seat]] = [
        [] if fit or tls is None else tls.of(unit) for unit, fit in zip(units, fits, strict=True)
    ]
    crowded = tls.crowded if tls is not None else set()
    return _told(every, units, _Decided(units, fits, seats, candidates, crowded), is_proxy)


def _strongest(fits: dict[int, Strength]) -> dict[int, Strength]:
    """Keep the fits by id where there are any; else the one with the rare answer; else all."""
    for least in (Strength.ID, Strength.ANSWER):
        strong = {number: strength for number, strength in fits.items() if strength >= least}
        if strong:
            return strong
    return fits


class _Decided:
    """Which client request or TLS connection each unit of attempts belongs to, or may belong to."""

    def __init__(
        self,
        units: list[Attempts],
        fits: list[dict[int, Strength]],
        seats: list[list[Seat]],
        candidates: Candidates,
        crowded: set[int],
    ) -> None:
        self.clients: list[list[int]] = [list(fit) for fit in fits]  # candidates that are left
        self.seats = seats
        self.sure: list[tuple[Confidence, str] | None] = [None] * len(units)
        self._fits = fits
        self._candidates = candidates
        self._by_proof(units)
        self._by_elimination(units)
        self._on_tls(units, crowded)

    def passed_over(self, client: int) -> bool:
        """Tell whether backend requests were not compared with a client request: there were too many at once."""
        return self._candidates.passed_over(client)

    def _by_proof(self, units: list[Attempts]) -> None:
        """Decide what is proven, and take the client requests that are used up from the others."""
        claims: dict[int, list[int]] = {}
        for number, fit in enumerate(self._fits):
            if len(fit) == 1 and next(iter(fit.values())) >= Strength.ANSWER:
                claims.setdefault(next(iter(fit)), []).append(number)
        used = set()
        for client, claiming in claims.items():
            if len([number for number in claiming if not units[number].failed]) > 1:
                continue  # one id, several answers: a client that uses its ids again
            for number in claiming:
                self.sure[number] = _METHODS[self._fits[number][client]]
            if any(units[number].exclusive for number in claiming):
                used.add(client)
        for number, unit in enumerate(units):
            if self.sure[number] is None and unit.exclusive:
                self.clients[number] = [client for client in self.clients[number] if client not in used]

    def _by_elimination(self, units: list[Attempts]) -> None:
        """Place the rest all at once."""
        rest = [number for number, sure in enumerate(self.sure) if sure is None and self.clients[number]]
        competing = [number for number in rest if units[number].exclusive]
        wishes = [self.clients[number] for number in competing]
        for number, placed in zip(competing, assign(wishes), strict=True):
            self._place(number, units[number], list(placed.seats), sure=placed.sure)
        for number in set(rest).difference(competing):
            self._place(number, units[number], self.clients[number], sure=len(self.clients[number]) == 1)

    def _place(self, number: int, unit: Attempts, clients: list[int], *, sure: bool) -> None:
        alone = len(self._fits[number]) == 1
        self.clients[number] = clients
        if not sure or self._candidates.doubtful(clients[0], unit):
            return
        confidence, method = _METHODS[min(self._fits[number][clients[0]], Strength.PLAIN)]
        self.sure[number] = confidence, method if alone else BY_ELIMINATION

    def _on_tls(self, units: list[Attempts], crowded: set[int]) -> None:
        """Place requests on TLS connections: over HTTP/1 one per turn of the client, over HTTP/2 any number."""
        wanting = [number for number, seats in enumerate(self.seats) if seats]
        keys: dict[tuple[object, ...], int] = {}
        names: dict[int, Seat] = {}
        wishes = []
        for number in wanting:
            wish = []
            for seat in self.seats[number]:
                own = number if seat.connection.multiplexed else None
                key = keys.setdefault((seat.connection.number, seat.turn, own), len(keys))
                names[number, key] = seat  # type: ignore[index]
                wish.append(key)
            wishes.append(wish)
        for number, placed in zip(wanting, assign(wishes), strict=True):
            alone = len(self.seats[number]) == 1
            self.seats[number] = [names[number, key] for key in placed.seats]  # type: ignore[index]
            if placed.sure and units[number].first.number not in crowded:
                self.sure[number] = Confidence.LIKELY, OVER_TLS if alone else BY_ELIMINATION


def _told(every: list[Leg], units: list[Attempts], decided: _Decided, is_proxy: Callable[[str], bool]) -> list[Joined]:
    """Return the requests: one for each client request, then those whose client leg is TLS, unknown or not captured."""
    chosen: dict[int, list[int]] = {}
    possible: dict[int, list[Leg]] = {}
    told: list[Joined] = []
    inner: set[int] = set()  # legs that are told as attempts of a request, or as candidates for it
    for number, unit in enumerate(units):
        clients, sure, seats = decided.clients[number], decided.sure[number], decided.seats[number]
        for client in clients:
            if sure is not None:
                chosen.setdefault(client, []).append(number)
            else:
                possible.setdefault(client, []).extend(unit.legs)
        if not clients:
            if sure is not None:
                told.append(Joined(None, unit.legs, *sure, seat=seats[0]))
            elif seats:
                told.append(Joined(None, unit.legs, Confidence.POSSIBLE, possible_seats=seats))
            elif unit.first.by_proxy or is_proxy(unit.first.exchange.flow.src):
                told.append(Joined(None, unit.legs))
            else:
                continue
        inner.update(one.number for one in unit.legs)
    for one in every:
        others = possible.get(one.number, [])
        if one.number in chosen:
            numbers = chosen[one.number]
            tries = sorted((each for number in numbers for each in units[number].legs), key=_begun)
            confidence, method = max((sure for number in numbers if (sure := decided.sure[number])), key=_doubt)
            told.append(Joined(one, tries, confidence, method, possible_attempts=others))
        elif others:
            told.append(Joined(one, [], Confidence.POSSIBLE, possible_attempts=others))
        elif one.number not in inner:
            crowded = decided.passed_over(one.number)
            told.append(Joined(one, [], Confidence.POSSIBLE if crowded else Confidence.PROVEN, crowded=crowded))
    return told


def _begun(leg: Leg) -> int:
    return leg.exchange.request.ts_ns


def _doubt(one: tuple[Confidence, str]) -> int:
    return _DOUBT[one[0]]
