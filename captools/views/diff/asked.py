"""Requests of two sessions, matched by method, host and path: what is new, gone, slower, or answered otherwise."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from captools.model.analysis import Analysis
from captools.model.requests import Request
from captools.views.diff.conversations import workload
from captools.views.diff.measure import Measure, of_samples, of_shares

FAILED = 400  # from this status on (RFC 9110, section 15); no answer counts too


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What was asked for; ``path`` without its query."""

    method: str
    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.host}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One target in both sessions, or in one (the other's count is 0)."""

    target: Target
    a: int
    b: int
    measures: tuple[Measure, ...] = ()
    changes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "method": self.target.method, "host": self.target.host, "path": self.target.path, "a": self.a, "b": self.b,
            "measures": [one.to_json() for one in self.measures], "changes": list(self.changes),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """All targets by where they were asked for."""

    both: tuple[Asked, ...]
    gone: tuple[Asked, ...]
    new: tuple[Asked, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "both": [one.to_json() for one in self.both],
            "gone": [one.to_json() for one in self.gone],
            "new": [one.to_json() for one in self.new],
        }


def requests(a: Analysis, b: Analysis) -> Requests:
    """Compare the requests of two sessions."""
    ours, theirs = _by_target(a), _by_target(b)
    return Requests(
        both=tuple(_compared(one, ours[one], theirs[one]) for one in sorted(ours.keys() & theirs.keys())),
        gone=tuple(Asked(target=one, a=len(ours[one]), b=0) for one in sorted(ours.keys() - theirs.keys())),
        new=tuple(Asked(target=one, a=0, b=len(theirs[one])) for one in sorted(theirs.keys() - ours.keys())),
    )


def _by_target(analysis: Analysis) -> dict[Target, list[Request]]:
    found: dict[Target, list[Request]] = defaultdict(list)
    for one in analysis.requests:
        found[Target(one.method, one.host, one.path.partition("?")[0])].append(one)
    return found


def _compared(target: Target, ours: Sequence[Request], theirs: Sequence[Request]) -> Asked:
    measures: list[Measure] = []
    for name, field in (("total time", "total_ns"), ("time inside the proxy's node", "gateway_ns")):
        times = [[value for one in side if (value := getattr(one, field)) is not None] for side in (ours, theirs)]
        if any(times):
            measures.append(of_samples(name, "ns", *times, noun="request"))
    failed = [(sum(one.status is None or one.status >= FAILED for one in side), len(side)) for side in (ours, theirs)]
    if any(count for count, _ in failed):
        measures.append(of_shares("requests without success", *failed))
    changes = [
        *_other("status", _statuses(ours), _statuses(theirs)),
        *_other("backends", _backends(ours), _backends(theirs)),
    ]
    return Asked(target=target, a=len(ours), b=len(theirs), measures=tuple(measures), changes=tuple(changes))


def _other(what: str, a: Counter[str], b: Counter[str]) -> list[str]:
    """Say what kinds there are on each side where those are not the same; how many of each is for chance to say."""
    if a.keys() == b.keys():
        return []
    told = [", ".join(f"{name} ({count})" for name, count in sorted(side.items())) for side in (a, b)]
    return [f"{what}: {told[0]} in A, {told[1]} in B"]


def _statuses(some: Sequence[Request]) -> Counter[str]:
    return Counter(str(one.status) if one.status is not None else "no answer" for one in some)


def _backends(some: Sequence[Request]) -> Counter[str]:
    return Counter(workload(one.backend.pod or one.backend.ip) if one.backend else "none" for one in some)
