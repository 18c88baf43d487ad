"""The plan of a capture, before it starts: for people on stderr, for scripts as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from captools.cli.progress import columns
from captools.collect.clean import clean
from captools.collect.planning.plan import CapturePlan, NodePlan
from captools.collect.quantities import shown_bytes, shown_seconds
from captools.collect.request import CaptureRequest
from captools.collect.spooling import SpoolWish

_MOST_POINTS = 24  # of one node are listed; the rest is counted


def plan_text(plan: CapturePlan, request: CaptureRequest, failed: Mapping[str, str] | None = None) -> str:
    """Return the plan for people: per node how it is reached, every point with its reason, filters, memory, spool.

    ``failed``: nodes that did not answer, and the sentence of each.
    """
    points = sum(len(one.runs) for one in plan.nodes)
    used = [one for one in plan.nodes if one.runs]
    how_many = f"{points} point{'s' * (points != 1)} on {len(used)} node{'s' * (len(used) != 1)}"
    lines = [f"plan: {how_many}, with {request.tool}"]
    if plan.road is not None:
        lines[0] += f", along {clean(plan.road.asked.text, 120)}"
    filters = list(dict.fromkeys(run.user_filter for node in plan.nodes for run in node.runs if run.user_filter))
    for node in plan.nodes:
        lines += _node_lines(node, request, filters)
    lines += [f"  {name}: not reached: {clean(sentence)}" for name, sentence in (failed or {}).items()]
    for number, expression in enumerate(filters, start=1):
        lines.append(f"  filter {number}: {expression}")
    if plan.road is not None and not request.bpf:
        lines.append(f"  why: {plan.road.filter_why}")
    excluded = list(dict.fromkeys(one for node in plan.nodes for run in node.runs for one in run.excluded))
    for one in excluded[:8]:
        lines.append(f"  left out (the way home): {one}")
    if len(excluded) > 8:
        lines.append(f"  left out (the way home): {len(excluded) - 8} more connections")
    lines += [f"  note: {clean(note)}" for note in plan.notes]
    missing = [*(sentence for node in plan.nodes for _, sentence in node.missing), *(text for _, text in plan.missing)]
    lines += [f"  not found: {clean(sentence)}" for sentence in missing]
    return "\n".join(lines)


def _node_lines(node: NodePlan, request: CaptureRequest, filters: list[str]) -> Iterable[str]:
    name = clean(node.node, 60)
    if not node.runs:
        yield f"  {name}: nothing that was asked for is there"
        return
    facts = [f"by {clean(node.way, 80)}"] if node.way else []
    if node.ring_bytes:
        share = shown_bytes(node.runs[0].ring_bytes)
        facts.append(f"rings {shown_bytes(node.ring_bytes)}" + (f" ({share} each)" if len(node.runs) > 1 else ""))
    facts.append(_resting(request.spool))
    yield f"  {name}: {', '.join(facts)}"
    rows = [
        (
            f"    {clean(run.point.interface, 40)}",
            run.role.value,
            f"filter {filters.index(run.user_filter) + 1}" if run.user_filter else "",
            clean(run.why, 160),
        )
        for run in node.runs[:_MOST_POINTS]
    ]
    yield from (line.rstrip() for line in columns(rows, left=4))
    if len(node.runs) > _MOST_POINTS:
        yield f"    … and {len(node.runs) - _MOST_POINTS} more points"
    yield from (f"    note: {note}" for note in node.notes)


def _resting(wish: SpoolWish) -> str:
    room = shown_bytes(wish.ring_bytes or wish.spool_bytes)
    if not wish.ring:
        return f"spool at most {room}"
    return f"keeps the newest {room}" + (f" of the last {shown_seconds(wish.keep_s)}" if wish.keep_s else "")


def plan_document(
    plan: CapturePlan, request: CaptureRequest, failed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the plan as JSON."""
    road = plan.road
    return {
        "schema": 1,
        "tool": request.tool,
        "request": None
        if road is None
        else {
            "url": road.asked.text,
            "host": road.asked.name,
            "addresses": list(road.destination.addresses),
            "services": [one.full_name for one in road.destination.services],
            "backends": list(road.destination.backends),
            "filter": road.filter,
            "filter_reason": road.filter_why,
        },
        "nodes": [
            {
                "node": node.node,
                "way": node.way,
                "ring_bytes": node.ring_bytes,
                "spool_bytes": request.spool.ring_bytes or request.spool.spool_bytes,
                "points": [
                    {
                        "interface": run.point.interface,
                        "role": run.role.value,
                        "reason": run.why,
                        "filter": run.user_filter,
                        "excluded": list(run.excluded),
                        "ring_bytes": run.ring_bytes,
                        "argv": list(run.argv),
                    }
                    for run in node.runs
                ],
                "missing": [{"asked": asked, "reason": reason} for asked, reason in node.missing],
                "notes": list(node.notes),
            }
            for node in plan.nodes
        ],
        "failed": [{"node": name, "error": error} for name, error in (failed or {}).items()],
        "missing": [{"asked": asked, "reason": reason} for asked, reason in plan.missing],
        "notes": list(plan.notes),
    }
