"""One request over two connections: join the client leg and the backend leg of a proxy.

Envoy makes a new connection (or takes a pooled one), so that nothing of the packets survives; what does survive is
the request. A pair fits when method and path are the same, the backend leg lies within the client leg in time, and
X-Forwarded-For ends with the client leg's source (Envoy appends its peer) or both legs carry one x-request-id.
Equal answers (the same body) decide between several that fit; what stays interchangeable is left open.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from captools.correlate.http import Exchange
from captools.correlate.sightings import Sightings
from captools.model.evidence import Confidence

# Clocks of two nodes may differ by this much before nesting in time is no longer asked for.
CLOCK_SLACK_NS = 5_000_000
LONGEST_NS = 3_600_000_000_000  # an hour: Envoy's own idle timeout for streams is five minutes


@dataclass(slots=True)
class Joined:
    """A client leg with its attempts (or one of the two alone)."""

    client: Exchange | None
    attempts: list[Exchange] = field(default_factory=list)
    confidence: Confidence = Confidence.LIKELY
    note: str = ""


def is_backend_leg(one: Exchange) -> bool:
    """Tell whether a request was sent by a proxy: it carries what only proxies add."""
    message = one.request
    return bool(message.xff) or message.header("x-envoy-expected-rq-timeout-ms") is not None


def join(rows: Sightings, found: list[Exchange]) -> list[Joined]:
    """Return every request once: legs that belong together joined, the others alone."""
    backends = [one for one in found if is_backend_leg(one)]
    candidates = _Candidates(rows, found)
    fits = {one.number: [c for c in candidates.of(one) if _fits(rows, c, one)] for one in backends}
    chosen: dict[int, list[Exchange]] = defaultdict(list)
    certain: dict[int, Confidence] = {}
    open_: dict[int, list[Exchange]] = {}
    for one in backends:
        best = _best(one, fits[one.number])
        if len(best) == 1:
            chosen[best[0].number].append(one)
            certain[one.number] = Confidence.PROVEN if _proves(best[0], one) else Confidence.LIKELY
        elif best:
            open_[one.number] = best
    taken = {one.number for attempts in chosen.values() for one in attempts}
    result: list[Joined] = []
    for one in found:
        if one.number in chosen:
            attempts = chosen[one.number]
            confidence = max((certain[each.number] for each in attempts), key=list(Confidence).index)
            result.append(Joined(one, attempts, confidence))
        elif one.number in open_:
            names = ", ".join(f"{c.flow.src}:{c.flow.sport}" for c in open_[one.number])
            note = f"several client requests fit and cannot be told apart: {names}"
            result.append(Joined(None, [one], Confidence.POSSIBLE, note))
        elif one.number not in taken:
            result.append(_alone(one))
    return result


class _Candidates:
    """Client legs by what a backend leg repeats of them, in time order: few are looked at, however many there are."""

    def __init__(self, rows: Sightings, found: list[Exchange]) -> None:
        self._rows = rows
        self._by: dict[tuple[object, ...], list[Exchange]] = defaultdict(list)
        self._longest: dict[tuple[object, ...], int] = defaultdict(int)
        for one in sorted(found, key=lambda each: each.request_ns(rows)):
            head, begin, end = one.request.head, one.request_ns(rows), one.response_ns(rows)
            keys: set[tuple[object, ...]] = {(head["method"], head["path"], flow.src) for flow in one.variants}
            if head["request_id"] is not None:
                keys.add((head["method"], head["path"], "id", head["request_id"]))
            for key in keys:
                self._by[key].append(one)
                # A request without an answer may still be open: it stays a candidate for as long as one can last.
                self._longest[key] = max(self._longest[key], LONGEST_NS if end is None else end - begin)

    def of(self, backend: Exchange) -> list[Exchange]:
        """Return the client legs that could hold ``backend``, each once, by time."""
        head, at = backend.request.head, backend.request_ns(self._rows)
        keys: list[tuple[object, ...]] = []
        if backend.request.xff:
            keys.append((head["method"], head["path"], backend.request.xff[-1]))
        if head["request_id"] is not None:
            keys.append((head["method"], head["path"], "id", head["request_id"]))
        found: dict[int, Exchange] = {}
        for key in keys:
            line = self._by.get(key, [])
            last = bisect_right(line, at + CLOCK_SLACK_NS, key=lambda one: one.request_ns(self._rows))
            for one in reversed(line[:last]):
                if one.request_ns(self._rows) < at - self._longest[key] - CLOCK_SLACK_NS:
                    break
                found[one.number] = one
        return [found[number] for number in sorted(found)]


def _alone(one: Exchange) -> Joined:
    if is_backend_leg(one):
        return Joined(
            None, [one], Confidence.LIKELY, "the client leg was not captured; the client is known by XFF only"
        )
    return Joined(one, [], Confidence.PROVEN)


def _fits(rows: Sightings, client: Exchange, backend: Exchange) -> bool:
    """Tell whether ``backend`` may carry ``client``'s request onwards."""
    if client.connection == backend.connection or client.number == backend.number:
        return False
    ours, theirs = client.request, backend.request
    if ours.head["method"] != theirs.head["method"] or ours.head["path"] != theirs.head["path"]:
        return False
    same_id = ours.head["request_id"] is not None and ours.head["request_id"] == theirs.head["request_id"]
    # Envoy appends its peer: behind source NAT that is the translated address.
    forwarded = bool(theirs.xff) and theirs.xff[-1] in {flow.src for flow in client.variants}
    if not (same_id or forwarded) or ours.xff == theirs.xff:
        return False
    return _nested(rows, client, backend) and _same_answer_possible(client, backend)


def _nested(rows: Sightings, client: Exchange, backend: Exchange) -> bool:
    """Tell whether the backend leg lies within the client leg in time."""
    begin, end = client.request_ns(rows), client.response_ns(rows)
    inner_begin, inner_end = backend.request_ns(rows), backend.response_ns(rows)
    if inner_begin < begin - CLOCK_SLACK_NS:
        return False
    if end is None:
        return True
    return inner_begin <= end + CLOCK_SLACK_NS and (inner_end is None or inner_end <= end + CLOCK_SLACK_NS)


def _same_answer_possible(client: Exchange, backend: Exchange) -> bool:
    """False where both answers are known and differ in a way a proxy does not make."""
    if client.response is None or backend.response is None:
        return True
    ours, theirs = client.response.head, backend.response.head
    if ours["status"] == theirs["status"] and ours["content_length"] == theirs["content_length"]:
        return ours["body_hash"] is None or theirs["body_hash"] is None or ours["body_hash"] == theirs["body_hash"]
    return theirs["status"] >= 500 or ours["content_length"] is None  # a retried attempt; a re-framed answer


def _proves(client: Exchange, backend: Exchange) -> bool:
    """Tell whether a fit is beyond doubt: one id on both legs, or the very same answer body."""
    ours, theirs = client.request.head["request_id"], backend.request.head["request_id"]
    return (ours is not None and ours == theirs) or _same_body(client, backend)


def _same_body(client: Exchange, backend: Exchange) -> bool:
    if client.response is None or backend.response is None:
        return False
    body = client.response.head["body_hash"]
    return body is not None and body == backend.response.head["body_hash"]


def _best(backend: Exchange, fits: list[Exchange]) -> list[Exchange]:
    """Keep the candidates with the strongest evidence; more than one stays undecided."""
    by_id = [one for one in fits if one.request.head["request_id"] == backend.request.head["request_id"]]
    if by_id and backend.request.head["request_id"] is not None:
        fits = by_id
    same_body = [one for one in fits if _same_body(one, backend)]
    return same_body or fits
