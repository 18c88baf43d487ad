"""Before and after, across clocks: what one node's clock says is certain, two clocks are compared with their bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from captools.correlate.clocks.clocks import Clocks
from captools.correlate.requests.heads import Message

# Where nothing ties two clocks together they are taken to agree this well, and the join says that it rests on that.
UNKNOWN_NS = 5_000_000


class Order(Enum):
    """Whether one message came after another."""

    YES = "yes"
    NO = "no"
    CLOSE = "within the error of the clocks"
    UNKNOWN = "no clock tells"


class Timeline:
    """Times of messages, put on one clock as far as the packets tell."""

    def __init__(self, clocks: Clocks, messages: Iterable[Message]) -> None:
        seen = Counter(clock for one in messages for clock in one.first)
        self._reference = seen.most_common(1)[0][0] if seen else ""
        self._clocks = clocks
        self._known: dict[tuple[str, str], tuple[int, int] | None] = {}
        told = {one: self._between(self._reference, one) for one in seen}
        self._ahead = {one: between[0] for one, between in told.items() if between is not None}
        self.error_ns = max((between[1] if between else UNKNOWN_NS for between in told.values()), default=0)

    def at(self, message: Message) -> int:
        """Return when a message was first seen, on the common clock; on its own where nothing ties it to that."""
        known = [when - self._ahead[clock] for clock, when in message.first.items() if clock in self._ahead]
        return min(known) if known else message.ts_ns

    def after(self, a: Message, b: Message) -> Order:
        """Tell whether ``b`` was seen after ``a``. One node that saw both decides; else two clocks are compared."""
        shared = [b.first[clock] >= when for clock, when in a.first.items() if clock in b.first]
        if shared:
            return Order.YES if all(shared) else Order.NO
        verdict = Order.UNKNOWN
        for ours, when in a.first.items():
            for theirs, then in b.first.items():
                between = self._between(ours, theirs)
                if between is None:
                    continue
                gap = then - when - between[0]
                if gap < -between[1]:
                    return Order.NO
                verdict = Order.YES if gap > between[1] or verdict is Order.YES else Order.CLOSE
        return verdict

    def _between(self, a: str, b: str) -> tuple[int, int] | None:
        key = a, b
        if key not in self._known:
            self._known[key] = (0, 0) if a == b else self._clocks.between(a, b)
        return self._known[key]
