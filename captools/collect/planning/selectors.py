"""Label selectors as kubectl reads them. Pure.

Source: Kubernetes, "Labels and Selectors": equality (``=``, ``==``, ``!=``), sets (``in``, ``notin``) and
existence (``key``, ``!key``), joined by commas that all mean "and". ``!=`` and ``notin`` also hold for what does
not have the label at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from captools.model.errors import UsageError

_KEY = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_EQUAL = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s*\(\s*({_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)")
_EXISTS = re.compile(rf"(!?)\s*({_KEY})")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One part of a selector. ``values`` is None where only existence counts."""

    key: str
    wanted: bool  # False: the label must not be there, or not with one of the values
    values: frozenset[str] | None

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels fulfil it."""
        if self.values is None:
            return (self.key in labels) == self.wanted
        return (self.key in labels and labels[self.key] in self.values) == self.wanted


def parse_selector(text: str) -> tuple[Requirement, ...]:
    """Read a label selector; UsageError names the part that is none."""
    parts = [part.strip() for part in re.split(r",(?![^()]*\))", text)]
    return tuple(_requirement(part, text) for part in parts)


def _requirement(part: str, text: str) -> Requirement:
    if found := _SET.fullmatch(part):
        values = frozenset(one.strip() for one in found[3].split(","))
        return Requirement(found[1], found[2] == "in", values)
    if found := _EQUAL.fullmatch(part):
        return Requirement(found[1], found[2] != "!=", frozenset((found[3],)))
    if found := _EXISTS.fullmatch(part):
        return Requirement(found[2], not found[1], None)
    raise UsageError(
        f"{part!r} in the selector {text!r} is no requirement on a label",
        hint="write app=web, app!=web, 'app in (web,api)', app or !app, several with commas between them",
    )


def selects(requirements: tuple[Requirement, ...], labels: Mapping[str, str]) -> bool:
    """Tell whether all requirements hold for the labels."""
    return all(one.holds(labels) for one in requirements)
