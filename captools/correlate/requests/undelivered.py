"""Answers that were sent and never arrived: a status that only the server's side saw is told with what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from captools.model.evidence import Evidence
from captools.model.paths import Path, Way
from captools.model.requests import Request
from captools.model.tcp import Stuck, Tcp
from captools.model.units import duration

_Ends = tuple[str, int | None, str, int | None]


def undelivered(requests: tuple[Request, ...], paths: Sequence[Path], tcp: Tcp) -> tuple[Request, ...]:
    """Return ``requests``; those whose answer to the client is stuck say so in their note, and have no total time."""
    stuck: dict[_Ends, Stuck] = {}
    for one in tcp.stuck:
        if one.way is Way.REPLY and not one.keepalive:
            flow = paths[one.path].flow
            stuck[flow.src, flow.sport, flow.dst, flow.dport] = one
    return tuple(_told(one, stuck) for one in requests) if stuck else requests


def _told(request: Request, stuck: dict[_Ends, Stuck]) -> Request:
    leg = request.client_leg
    found = stuck.get((leg.src, leg.sport, leg.dst, leg.dport)) if leg is not None else None
    if found is None or request.status is None or not _frames(request.evidence) & _frames(found.proof):
        return request
    where = f"lost between {found.furthest} and {found.missed}, " if found.missed else ""
    took = duration(found.last_ns - found.first_ns)
    note = f"the answer never arrived: {where}sent {found.copies} times in {took} and never acknowledged"
    return replace(request, note=f"{request.note}; {note}" if request.note else note, total_ns=None)


def _frames(proof: Sequence[Evidence]) -> set[tuple[str, int]]:
    return {(one.file, frame) for one in proof for frame in one.frames}
