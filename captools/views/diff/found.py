"""Findings of two sessions, matched by their rule and by what their subjects are called."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from captools.model.addresses import to_bytes
from captools.model.analysis import Analysis
from captools.model.findings import Finding
from captools.views.diff.conversations import called, workload

# A client's port is another one every time.
_TOLD = ("src", "dst", "dport", "proto", "pod", "node", "vip", "name")
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """``both``: pairs of the same rule about the same subject."""

    gone: tuple[Finding, ...]
    new: tuple[Finding, ...]
    both: tuple[tuple[Finding, Finding], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "gone": [one.to_json() for one in self.gone],
            "new": [one.to_json() for one in self.new],
            "both": [{"a": one.to_json(), "b": other.to_json()} for one, other in self.both],
        }


def findings(a: Analysis, b: Analysis) -> Findings:
    """Match findings one to one, in their order: the gravest first."""
    left: dict[_Key, list[Finding]] = defaultdict(list)
    for one in b.findings:
        left[_key(b, one)].append(one)
    both, gone = [], []
    for one in a.findings:
        fitting = left[_key(a, one)]
        if fitting:
            both.append((one, fitting.pop(0)))
        else:
            gone.append(one)
    still = {id(one) for some in left.values() for one in some}
    new = tuple(one for one in b.findings if id(one) in still)
    return Findings(gone=tuple(gone), new=new, both=tuple(both))


def _key(analysis: Analysis, one: Finding) -> _Key:
    return (one.rule, *(_name(analysis, one.subject.get(key)) for key in _TOLD))


def _name(analysis: Analysis, value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    try:
        to_bytes(text)
    except ValueError:  # a name already
        return workload(text)
    return workload(called(analysis, text))
