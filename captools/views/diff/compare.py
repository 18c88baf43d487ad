"""The whole comparison of two sessions, and its JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from captools.model.analysis import Analysis
from captools.model.flows import proto_name
from captools.model.units import rfc3339
from captools.views.diff.asked import Requests, requests
from captools.views.diff.conversations import Conversation, Name, matched
from captools.views.diff.delays import delays, several_points, worth_following
from captools.views.diff.found import Findings, findings
from captools.views.diff.measure import Judged, Measure
from captools.views.diff.transfers import transfers
from captools.views.diff.ways import changes, outcomes
from captools.views.verdict import captured


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two sessions."""

    title: str
    points: tuple[str, ...]
    packets: int
    first_ns: int | None
    last_ns: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "title": self.title, "points": list(self.points), "packets": self.packets,
            "first": rfc3339(self.first_ns) if self.first_ns is not None else None,
            "last": rfc3339(self.last_ns) if self.last_ns is not None else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One conversation of both sessions, or of one (the other has 0 flows)."""

    name: Name
    a_flows: int
    b_flows: int
    measures: tuple[Measure, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Tell whether anything differs that neither clocks nor chance explain."""
        return bool(self.changes) or any(one.judged in (Judged.MORE, Judged.LESS) for one in self.measures)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "src": self.name.src, "dst": self.name.dst, "proto": proto_name(self.name.proto), "dport": self.name.port,
            "a_flows": self.a_flows, "b_flows": self.b_flows, "differs": self.differs, "changes": list(self.changes),
            "measures": [one.to_json() for one in self.measures],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two sessions beside each other; ``both``, ``gone`` and ``new`` are conversations."""

    a: Side
    b: Side
    findings: Findings
    both: tuple[Compared, ...]
    gone: tuple[Compared, ...]
    new: tuple[Compared, ...]
    requests: Requests
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the ``diff`` document."""
        return {
            "schema": 1, "a": self.a.to_json(), "b": self.b.to_json(), "findings": self.findings.to_json(),
            "paths": {
                "both": [one.to_json() for one in self.both],
                "gone": [one.to_json() for one in self.gone],
                "new": [one.to_json() for one in self.new],
            },
            "requests": self.requests.to_json(), "warnings": list(self.warnings),
        }  # fmt: skip


def compare(a: Analysis, b: Analysis) -> Diff:
    """Hold session B against session A."""
    found = matched(a, b)
    followed, most = worth_following(found.both)
    both = [_compared(*pair, most if place in followed else 0) for place, pair in enumerate(found.both)]
    return Diff(
        a=_side(a),
        b=_side(b),
        findings=findings(a, b),
        both=tuple(sorted(both, key=lambda one: (not one.differs, str(one.name)))),
        gone=tuple(Compared(name=one.name, a_flows=len(one.flows), b_flows=0) for one in found.gone),
        new=tuple(Compared(name=one.name, a_flows=0, b_flows=len(one.flows)) for one in found.new),
        requests=requests(a, b),
        warnings=_warnings(found.both, followed),
    )


def _warnings(pairs: Sequence[tuple[Conversation, Conversation]], followed: set[int]) -> tuple[str, ...]:
    """Say where delays were not looked at, though they could have been."""
    left = [place for place, pair in enumerate(pairs) if place not in followed and several_points(pair)]
    if not left:
        return ()
    return (
        f"delays are compared for the {len(followed):,} busiest conversations of {len(followed) + len(left):,}; for others "
        "give fewer files, or cut both captures to what you ask about",
    )


def _compared(a: Conversation, b: Conversation, most: int) -> Compared:
    """Compare one conversation; ``most`` packets of each way are followed, 0 for none."""
    return Compared(
        name=a.name,
        a_flows=len(a.flows),
        b_flows=len(b.flows),
        measures=(*outcomes(a, b), *transfers(a, b), *(delays(a, b, most) if most else ())),
        changes=tuple(changes(a, b)),
    )


def _side(analysis: Analysis) -> Side:
    told = captured(analysis)
    return Side(
        title=analysis.title, points=told.points, packets=told.packets, first_ns=told.first_ns, last_ns=told.last_ns
    )
