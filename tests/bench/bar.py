"""One bar of the design: what was measured, what is wanted, and what it was compared with in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """``figure`` in ``unit`` against ``wanted`` (None: told only); ``at_least``: more is better."""

    name: str
    figure: float
    unit: str
    wanted: float | None
    at_least: bool
    detail: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.wanted is None:
            return None
        return self.figure >= self.wanted if self.at_least else self.figure <= self.wanted

    def line(self) -> str:
        """Return the bar as one line of text."""
        sign = ">=" if self.at_least else "<="
        wanted = "" if self.wanted is None else f"{sign} {self.wanted:g}"
        verdict = {True: "holds", False: "MISSED", None: ""}[self.holds]
        return f"{self.name:<64}{self.figure:>10.2f} {self.unit:<16}{wanted:<11}{verdict:<8}{self.detail}"
