"""One measure on both sides, and what may be said of the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

from captools.model.units import duration
from captools.views.diff.chance import CHANCE, FEWEST, rank_test, share_test


class Judged(StrEnum):
    """same: nothing that clocks or chance do not explain; unknown: too little to tell, or measured on one side only."""

    SAME = "same"
    MORE = "more"  # in B
    LESS = "less"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """``a`` and ``b`` in ``unit`` (medians of so many values; None where not measured); ``reason`` of what is judged.

    ``error``: what the clocks leave open of the difference, in the same unit.
    """

    name: str
    unit: str  # ns, bit/s, B, share, count, ratio
    a: float | None
    b: float | None
    judged: Judged
    reason: str = ""
    a_values: int = 1
    b_values: int = 1
    error: float = 0.0

    @property
    def ratio(self) -> float | None:
        """How many times as much B is as A."""
        return None if self.a is None or self.b is None or self.a == 0 else self.b / self.a

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; whole numbers stay whole."""
        return {
            "name": self.name, "unit": self.unit, "a": _plain(self.a), "b": _plain(self.b),
            "ratio": None if self.ratio is None else round(self.ratio, 6), "judged": self.judged.value,
            "reason": self.reason, "a_values": self.a_values, "b_values": self.b_values, "error": _plain(self.error),
        }  # fmt: skip


def _plain(value: float | None) -> float | int | None:
    return int(value) if value is not None and float(value).is_integer() else value


def of_samples(
    name: str, unit: str, a: Sequence[float], b: Sequence[float], *, noun: str, error: float = 0.0
) -> Measure:
    """Compare the medians of values that vary: times and rates. ``noun`` is what each value is of, in the singular."""
    middle = [float(median(values)) if values else None for values in (a, b)]
    judged, reason = _judge(a, b, noun, error, unit)
    return Measure(
        name=name, unit=unit, a=middle[0], b=middle[1], judged=judged, reason=reason, a_values=len(a), b_values=len(b),
        error=error,
    )  # fmt: skip


def of_exact(name: str, unit: str, a: float | None, b: float | None, *, small: float = 0.0) -> Measure:
    """Compare what is counted or read from headers: any difference is one, but for a share up to ``small`` of A."""
    judged, reason = Judged.UNKNOWN, "exact"
    if a is None or b is None:
        reason = _missing(a is None, b is None)
    elif a != b and abs(b - a) <= small * abs(a):
        judged, reason = Judged.SAME, f"by less than {small:.0%}"
    else:
        judged = _side(b - a)
    return Measure(name=name, unit=unit, a=a, b=b, judged=judged, reason=reason)


def of_shares(name: str, a: tuple[int, int], b: tuple[int, int]) -> Measure:
    """Compare shares, each (hits, of how many)."""
    shares = [hits / of if of else None for hits, of in (a, b)]
    one, other = shares
    reason = ", ".join(f"{side}: {hits:,} of {of:,}" for side, (hits, of) in (("A", a), ("B", b)))
    judged = Judged.UNKNOWN
    if one is not None and other is not None:
        judged = _side(other - one) if share_test(*a, *b) < CHANCE else Judged.SAME
        reason += "; may be chance" if judged is Judged.SAME and one != other else ""
    return Measure(name=name, unit="share", a=one, b=other, judged=judged, reason=reason, a_values=a[1], b_values=b[1])


def _judge(a: Sequence[float], b: Sequence[float], noun: str, error: float, unit: str) -> tuple[Judged, str]:
    if not a or not b:
        return Judged.UNKNOWN, _missing(not a, not b)
    off = float(median(b)) - float(median(a))
    if error and abs(off) <= error:
        return Judged.SAME, f"within the clocks' error of ±{duration(round(error)) if unit == 'ns' else error}"
    if min(len(a), len(b)) < FEWEST:
        return (
            Judged.UNKNOWN,
            f"{_counted(len(a), noun)} and {len(b)}; it takes {FEWEST} on each side to rule out chance",
        )
    chance = rank_test(a, b)
    if chance >= CHANCE:
        return Judged.SAME, f"{_counted(len(a), noun)} and {len(b)} differ no more than chance explains"
    return _side(off), f"{_counted(len(a), noun)} and {len(b)}"


def _side(off: float) -> Judged:
    return Judged.MORE if off > 0 else Judged.LESS if off < 0 else Judged.SAME


def _missing(first: bool, second: bool) -> str:
    return "not measured" if first and second else f"not measured in {'A' if first else 'B'}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
