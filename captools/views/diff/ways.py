"""How a conversation went in each session: its outcome, the points it crossed, what it was wrapped in, who translated it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from captools.model.paths import Change, Outcome, Path, Way
from captools.views.diff.conversations import Conversation
from captools.views.diff.measure import Measure, of_shares

_FORMS = {"vxlan": "VXLAN", "geneve": "Geneve", "ipip": "IP in IP", "gre": "GRE", "wireguard": "WireGuard"}


def outcomes(a: Conversation, b: Conversation) -> list[Measure]:
    """Return the share of flows that were delivered; nothing where all of both were."""
    counts = [Counter(path.outcome for path in one.paths) for one in (a, b)]
    if all(set(count) == {Outcome.DELIVERED} for count in counts):
        return []
    shares = [(count[Outcome.DELIVERED], sum(count.values())) for count in counts]
    return [of_shares("flows delivered", *shares)]


def changes(a: Conversation, b: Conversation) -> list[str]:
    """Return in sentences what is different on the way; none where the same points saw the same forms."""
    return [*_outcome(a, b), *_forms(a, b), *_points(a, b), *_translations(a, b)]


def _outcome(a: Conversation, b: Conversation) -> Iterator[str]:
    told = [_told(Counter(path.outcome.value for path in one.paths)) for one in (a, b)]
    kinds = [{path.outcome for path in one.paths} for one in (a, b)]
    if kinds[0] != kinds[1]:
        yield f"outcome: {told[0]} in A, {told[1]} in B"


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _forms(a: Conversation, b: Conversation) -> Iterator[str]:
    sides = [{hop.tunnel for path in one.paths for hop in path.hops} & _FORMS.keys() for one in (a, b)]
    if sides[0] != sides[1]:
        words = [f"in {' and '.join(_FORMS[form] for form in sorted(side))}" if side else "unwrapped" for side in sides]
        yield f"travels {words[0]} in A, {words[1]} in B"


def _points(a: Conversation, b: Conversation) -> Iterator[str]:
    """Name the points that only one session saw it at, where both sessions captured there: else it is no news."""
    for way in Way:
        seen = [_crossed(one, way) for one in (a, b)]
        heard = [{one.place(source.point) for source in one.analysis.sources} for one in (a, b)]
        if not all(seen):
            continue
        for mine, other, both, side in ((seen[0], seen[1], heard[1], "A"), (seen[1], seen[0], heard[0], "B")):
            only = [point for point in mine if point not in other and point in both]
            if only:
                yield f"{way.value}: seen at {', '.join(only)} in {side} only"


def _crossed(one: Conversation, way: Way) -> list[str]:
    return list(dict.fromkeys(one.place(hop.point) for path in one.paths for hop in path.ways(way)))


def _translations(a: Conversation, b: Conversation) -> Iterator[str]:
    sides = [any(_translated(path) for path in one.paths) for one in (a, b)]
    if sides[0] != sides[1]:
        yield f"its addresses are translated on the way in {'A' if sides[0] else 'B'} only"


def _translated(path: Path) -> bool:
    return any(hop.change is Change.TRANSLATED for hop in path.hops)
