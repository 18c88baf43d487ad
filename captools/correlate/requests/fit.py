"""Does a request that a proxy sent on belong to a client's request? Contradictions rule out, ids and answers prove."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import IntEnum

from captools.correlate.requests.attempts import Attempts, failed
from captools.correlate.requests.heads import Message
from captools.correlate.requests.legs import Leg, contradicts_passed
from captools.correlate.requests.order import UNKNOWN_NS, Order, Timeline


class Strength(IntEnum):
    """What a fit rests on."""

    UNTIMED = 0  # nothing compares the clocks of the two legs
    PLAIN = 1  # addresses, method, path, headers and time
    ANSWER = 2  # besides, an answer that occurs once on either side
    ID = 3  # one request id on both legs


class Fitter:
    """Judges pairs; knows which answers occur only once."""

    def __init__(self, time: Timeline, legs: Iterable[Leg]) -> None:
        self._time = time
        self._answers: Counter[tuple[int | None, int]] = Counter(
            (answer.body_hash, len(leg.chain))
            for leg in legs
            if (answer := leg.exchange.response) is not None and answer.body_hash is not None
        )

    def fit(self, client: Leg, unit: Attempts) -> Strength | None:
        """Return how well attempts fit a client's request; None where something contradicts."""
        first, last = unit.first, unit.last
        if client.exchange.connection == first.exchange.connection or client.number == first.number:
            return None
        same_id = bool(set(client.ids) & set(first.ids))
        if not _on_its_way(client, first, same_id=same_id):
            return None
        ours, theirs = client.exchange.request, first.exchange.request
        if ours.method != theirs.method or _other_body(ours, theirs) or contradicts_passed(client, first):
            return None
        if not answers_fit(client.exchange.response, last):
            return None
        nested = self._nested(client, unit)
        if nested is Order.NO:
            return None
        if same_id:
            return Strength.ID
        if handed_on(client, first):
            return Strength.ANSWER if nested is Order.YES and self._only_pair(client, last) else None
        if nested is Order.UNKNOWN:
            close = abs(theirs.ts_ns - ours.ts_ns) if theirs.ts_ns < ours.ts_ns else 0
            return Strength.UNTIMED if close <= UNKNOWN_NS else None
        return Strength.ANSWER if self._same_rare_answer(client, last) else Strength.PLAIN

    def _nested(self, client: Leg, unit: Attempts) -> Order:
        """Tell whether the attempts lie within the client's request in time."""
        ours, theirs = client.exchange, unit.first.exchange
        begins = self._time.after(ours.request, theirs.request)
        if begins is Order.NO:
            return Order.NO
        if ours.response is None:
            late = self._time.at(theirs.request) > ours.until_ns + UNKNOWN_NS + self._time.error_ns
            return Order.NO if late and begins is not Order.UNKNOWN else begins
        answer = unit.last.exchange.response
        for inner in (theirs.request, *([answer] if answer is not None else [])):
            if self._time.after(inner, ours.response) is Order.NO:
                return Order.NO
        return begins

    def _same_rare_answer(self, client: Leg, last: Leg) -> bool:
        ours, theirs = client.exchange.response, last.exchange.response
        if ours is None or theirs is None or ours.body_hash is None or ours.body_hash != theirs.body_hash:
            return False
        return self.rare(client) and self.rare(last)

    def _only_pair(self, client: Leg, last: Leg) -> bool:
        """Tell whether two legs with the same chain have the same answer, and no other leg has it."""
        ours, theirs = client.exchange.response, last.exchange.response
        if ours is None or theirs is None or ours.body_hash is None or ours.body_hash != theirs.body_hash:
            return False
        return self.paired(last)

    def paired(self, leg: Leg) -> bool:
        """Tell whether a leg's answer occurs twice among the legs with chains as long: on both sides of one proxy."""
        answer = leg.exchange.response
        return answer is not None and self._answers[answer.body_hash, len(leg.chain)] == 2

    def rare(self, leg: Leg) -> bool:
        """Tell whether a leg's answer occurs once among the legs that came as far through proxies."""
        answer = leg.exchange.response
        return answer is not None and self._answers[answer.body_hash, len(leg.chain)] == 1


def handed_on(client: Leg, backend: Leg) -> bool:
    """Tell whether a proxy left its mark on a request, and added nothing to what names the client, if anything does."""
    unnamed = backend.peer is None and client.peer is None
    return (
        backend.by_proxy and not client.by_proxy and backend.chain == client.chain and (unnamed or backend.chain != ())
    )


def _on_its_way(client: Leg, backend: Leg, *, same_id: bool) -> bool:
    """Tell whether the backend leg says of itself that it came from this client."""
    if backend.scheme == "https" and client.scheme != "https" and not same_id:
        return False  # the client spoke TLS
    if not same_id and client.path not in backend.asked:
        return False
    if backend.peer is None or backend.chain == client.chain != ():
        return same_id or handed_on(client, backend)
    appended = backend.chain[:-1] == client.chain
    replaced = len(backend.chain) <= 1
    if backend.peer in client.sources:
        return appended or replaced
    return same_id and appended  # behind a source NAT that no point saw


def _other_body(ours: Message, theirs: Message) -> bool:
    """Tell whether two requests have different bodies."""
    pairs = ((ours.content_length, theirs.content_length), (ours.body_hash, theirs.body_hash))
    return any(a is not None and b is not None and a != b for a, b in pairs)


def answers_fit(ours: Message | None, last: Leg) -> bool:
    """False where the client's answer cannot have come of the last attempt, nor instead of it."""
    theirs = last.exchange.response
    if ours is None or theirs is None:
        return True
    if ours.status != theirs.status:
        return failed(last)  # another try followed, or the proxy answered in its stead
    if (ours.header("content-encoding") or "") != (theirs.header("content-encoding") or ""):
        return True  # packed on the way
    return not _other_body(ours, theirs)
