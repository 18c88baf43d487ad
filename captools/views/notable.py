"""Which ladders a person should see first: what failed, then one of each kind that worked."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.model.paths import Outcome
from captools.views.ladder import Ladder, ladder_of_path
from captools.views.request_ladder import ladder_of_request, path_of_leg

_ORDER = {Outcome.LOST: 0, Outcome.REFUSED: 1, Outcome.UNKNOWN: 2, Outcome.DELIVERED: 3}
LOOKED_AT = 50  # requests from which the notable ones are chosen


def notable_ladders(analysis: Analysis, limit: int = 6) -> tuple[Ladder, ...]:
    """Return at most ``limit`` ladders: lost and refused flows, one request of each kind, then the longest paths."""
    ladders: list[Ladder] = []
    shown: set[int] = set()
    shapes: set[tuple[str, ...]] = set()

    def add(ladder: Ladder | None) -> None:
        if ladder is None or not ladder.strands or len(ladders) >= limit:
            return
        # A hundred connections over the same points make one picture.
        shape = (ladder.outcome.value, *(hop.hop.point for strand in ladder.strands for hop in strand.steps))
        if shape not in shapes:
            shapes.add(shape)
            ladders.append(ladder)

    ranked = sorted(analysis.paths, key=lambda path: (_ORDER[path.outcome], -len(path.hops)))
    for path in ranked:
        if path.outcome in (Outcome.LOST, Outcome.REFUSED):
            add(ladder_of_path(path, analysis.cluster))
            shown.add(id(path))
    best: dict[tuple[str, int | None], Ladder] = {}
    for request in analysis.requests[:LOOKED_AT]:
        kind = (request.proxy.source_kind if request.proxy else "", request.status)
        ladder = ladder_of_request(request, analysis)
        # Of two requests of a kind, the one that crossed more points shows more.
        if ladder is not None and (kind not in best or len(ladder.lanes) > len(best[kind].lanes)):
            best[kind] = ladder
        for leg in (request.client_leg, request.backend_leg):
            shown.add(id(path_of_leg(leg, analysis.paths)))
    for ladder in best.values():
        add(ladder)
    for path in ranked:
        if id(path) not in shown and len(path.points) > 1:
            add(ladder_of_path(path, analysis.cluster))
    return tuple(ladders)
