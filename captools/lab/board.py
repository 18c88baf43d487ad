"""What a scenario should have said against what captools said: expected, found, missing, false. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from captools.model.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One line of the board. ``missing`` holds rule ids with what was wanted, ``false`` findings that nobody expects.

    ``error`` is set where the scenario did not run at all.
    """

    scenario: str
    expected: int
    found: int
    missing: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str = ""

    @property
    def right(self) -> bool:
        """Tell whether everything that must be said was said, and nothing else."""
        return not (self.missing or self.false or self.error)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "scenario": self.scenario, "right": self.right, "expected": self.expected, "found": self.found,
            "missing": list(self.missing), "false": list(self.false), "seconds": round(self.seconds, 1),
            "error": self.error,
        }  # fmt: skip


def score(case: Mapping[str, Any], findings: Sequence[Finding], seconds: float = 0.0) -> Score:
    """Hold ``findings`` against the document of ``case.toml``: each may answer one expectation, and each must."""
    wanted = case["findings"]["expected"]
    given = _assigned(wanted, findings)
    missing = tuple(_told(one) for at, one in enumerate(wanted) if at not in given and not one.get("optional"))
    taken = set(given.values())
    false = tuple(
        f"{one.rule}: {one.statement}"
        for at, one in enumerate(findings)
        if at not in taken and not any(other.get("optional") and answers(other, one) for other in wanted)
    )
    needed = sum(1 for one in wanted if not one.get("optional"))
    return Score(
        scenario=case["id"], expected=needed, found=len(findings), missing=missing, false=false, seconds=seconds
    )


def answers(wanted: Mapping[str, Any], finding: Finding) -> bool:
    """Tell whether a finding is the one that is wanted."""
    reached = {one.point for one in finding.evidence} | set(finding.coverage.points)
    return (
        finding.rule == wanted["rule"]
        and all(finding.subject.get(key) == value for key, value in wanted.get("subject", {}).items())
        and set(wanted.get("points", ())) <= reached
        and all(word in finding.statement for word in wanted.get("says", ()))
        and wanted.get("confidence", "") in ("", finding.confidence.value)
    )


def _assigned(wanted: Sequence[Mapping[str, Any]], findings: Sequence[Finding]) -> dict[int, int]:
    """Return which finding answers which expectation, as many as can be (augmenting paths)."""
    fits = [[at for at, one in enumerate(findings) if answers(each, one)] for each in wanted]
    owner: dict[int, int] = {}

    def place(want: int, tried: set[int]) -> bool:
        for at in fits[want]:
            if at not in tried:
                tried.add(at)
                if at not in owner or place(owner[at], tried):
                    owner[at] = want
                    return True
        return False

    # What has to come chooses first; a choice that was made may move, and is never taken back.
    for want in sorted(range(len(wanted)), key=lambda at: bool(wanted[at].get("optional"))):
        place(want, set())
    return {want: at for at, want in owner.items()}


def _told(wanted: Mapping[str, Any]) -> str:
    subject = ", ".join(f"{key} {value}" for key, value in wanted.get("subject", {}).items())
    return f"{wanted['rule']}{f' ({subject})' if subject else ''}"


def as_text(scores: Iterable[Score]) -> str:
    """Return the board as a person reads it, and below it what is missing or false."""
    rows, notes = [], []
    scores = list(scores)
    for one in scores:
        word = "failed" if one.error else "right" if one.right else "WRONG"
        rows.append(
            f"{one.scenario:<40} {one.expected:>8} {one.found:>6} {len(one.missing):>8} {len(one.false):>6} "
            f"{one.seconds:>6.1f}s  {word}"
        )
        notes += [f"{one.scenario}: missing {text}" for text in one.missing]
        notes += [f"{one.scenario}: false {text}" for text in one.false]
        notes += [f"{one.scenario}: {one.error}"] if one.error else []
    head = f"{'scenario':<40} {'expected':>8} {'found':>6} {'missing':>8} {'false':>6} {'time':>7}"
    right = sum(one.right for one in scores)
    return "\n".join(
        [head, *rows, "", f"{right} of {len(scores)} scenarios say what they must and nothing else.", *notes]
    )
