"""Attempts: the tries that a proxy makes for one request. A retry asks again, with the same request id, after a failure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from captools.correlate.requests.legs import Leg

# What proxies retry (Envoy's 5xx, gateway-error, retriable-4xx, reset; nginx's http_429 and the like).
_RETRIED = (408, 409, 425, 429)


@dataclass(slots=True)
class Attempts:
    """One request as a proxy sent it on: its legs towards backends, by time."""

    legs: list[Leg]

    @property
    def first(self) -> Leg:
        """The first try."""
        return self.legs[0]

    @property
    def last(self) -> Leg:
        """The last try: the one whose answer the client got, if any."""
        return self.legs[-1]

    @property
    def failed(self) -> bool:
        """Tell whether even the last try failed, so that another one may have followed."""
        return failed(self.last)

    @property
    def exclusive(self) -> bool:
        """Tell whether no other attempts can belong to the same client request."""
        return not self.failed or bool(self.last.ids)


def failed(leg: Leg) -> bool:
    """Tell whether a try had no answer, or one that proxies retry."""
    answer = leg.exchange.response
    return answer is None or answer.status is None or answer.status >= 500 or answer.status in _RETRIED


def attempts(backends: Iterable[Leg]) -> list[Attempts]:
    """Group backend legs, which come by time, into attempts of one request: same id, each after a failure of the last."""
    found: list[Attempts] = []
    open_: dict[tuple[object, ...], Attempts] = {}
    for leg in backends:
        request = leg.exchange.request
        one = Attempts([leg])
        if request.request_id is not None:
            key = request.request_id, request.method, leg.asked, leg.chain
            before = open_.get(key)
            if before is not None and before.failed and _after(before.last, leg):
                before.legs.append(leg)
                continue
            open_[key] = one
        found.append(one)
    return found


def _after(before: Leg, leg: Leg) -> bool:
    """Tell whether ``leg`` began when ``before`` was over; both are seen on the proxy's own clock, or its neighbour's."""
    answer = before.exchange.response
    if answer is None:
        return True
    shared = [leg.exchange.request.first[clock] >= when for clock, when in answer.first.items()
              if clock in leg.exchange.request.first]  # fmt: skip
    return all(shared)
