"""One bar of the design: what was measured, what is wanted, and what it was compared with in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """``figure`` in ``unit`` against ``wanted``; ``at_least``: more is better."""

    name: str
    figure: float
    unit: str
    wanted: float
    at_least: bool
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the bar is met."""
        return self.figure >= self.wanted if self.at_least else self.figure <= self.wanted

    def line(self) -> str:
        """Return the bar as one line of text."""
        sign = ">=" if self.at_least else "<="
        verdict = "holds" if self.holds else "MISSED"
        return f"{self.name:<64}{self.figure:>10.2f} {self.unit:<16}{sign} {self.wanted:<8g}{verdict:<8}{self.detail}"
