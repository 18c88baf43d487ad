"""The comparison as a person reads it: what differs, with both figures and why that is (or is not) a difference."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from captools.model.findings import Finding
from captools.model.units import duration, rfc3339
from captools.views.diff.asked import Asked
from captools.views.diff.compare import Compared, Diff, Side
from captools.views.diff.measure import Judged, Measure
from captools.views.text import safe, table

WIDTH = 110
MOST = 20  # names in a list of those that are alike, new or gone
HEADER = ("measure", "A", "B", "B / A", "judged", "by")
# Of a time more is slower, of a rate faster.
_JUDGED = {
    ("ns", Judged.MORE): "slower", ("ns", Judged.LESS): "faster",
    ("bit/s", Judged.MORE): "faster", ("bit/s", Judged.LESS): "slower",
}  # fmt: skip
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")  # captools findings tells the rest
_RATES = (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3))


def as_text(diff: Diff, *, everything: bool = False) -> str:
    """Return the comparison; with ``everything`` also what is the same on both sides."""
    blocks = [
        [_side("A", diff.a), _side("B", diff.b)],
        [*_counts(diff), *_findings(diff, everything)],
        *(_compared(one) for one in diff.both if one.differs or everything),
        _names("Conversations that are alike", [one for one in diff.both if not one.differs and not everything]),
        _names("Conversations in A only", diff.gone),
        _names("Conversations in B only", diff.new),
        *(_asked(one) for one in diff.requests.both if _differs(one) or everything),
        _targets(
            "Requests that are alike", [one for one in diff.requests.both if not _differs(one) and not everything]
        ),
        _targets("Requests in A only", diff.requests.gone),
        _targets("Requests in B only", diff.requests.new),
        [safe(f"note: {one}") for one in diff.warnings],
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def amount(value: float | None, unit: str) -> str:
    """Return a value as people read it in its unit."""
    if value is None:
        return "-"
    if unit == "ns":
        return duration(round(value))
    if unit == "bit/s":
        name, size = next(((name, size) for name, size in _RATES if value >= size), ("bit/s", 1.0))
        return f"{value / size:.3g} {name}" if value / size < 100 else f"{value / size:.0f} {name}"
    if unit == "share":
        return f"{100 * value:.3g} %"
    if unit == "ratio":
        return f"{value:.4f}"
    return f"{value:,.0f} {unit}" if float(value).is_integer() else f"{value:,.1f} {unit}"


def _side(letter: str, side: Side) -> str:
    span = "no packet"
    if side.first_ns is not None and side.last_ns is not None:
        start = rfc3339(side.first_ns)
        span = f"{start[:10]} {start[11:19]} UTC, {duration(side.last_ns - side.first_ns)}"
    points = f"{len(side.points)} point{'' if len(side.points) == 1 else 's'}"
    return safe(f"{letter}  {side.title or 'captures'}: {span}, {side.packets:,} packets at {points}")


def _counts(diff: Diff) -> list[str]:
    """Sum up in a line each what is in both, and what in one only."""
    found, asked = diff.findings, diff.requests
    differ = sum(one.differs for one in diff.both)
    lines = [f"Conversations: {len(diff.both)} in both ({differ} of them different), "
             f"{len(diff.gone)} in A only, {len(diff.new)} in B only"]  # fmt: skip
    if asked.both or asked.gone or asked.new:
        differ = sum(map(_differs, asked.both))
        lines.append(
            f"Requests, by target: {len(asked.both)} in both ({differ} of them different), "
            f"{len(asked.gone)} in A only, {len(asked.new)} in B only"
        )
    return [*lines, f"Findings: {len(found.both)} in both, {len(found.gone)} in A only, {len(found.new)} in B only"]


def _findings(diff: Diff, everything: bool) -> list[str]:
    found, lines = diff.findings, []
    for word, some in (("new ", found.new), ("gone", found.gone)):
        lines += [line for one in some for line in _finding(word, one)]
    if everything:
        lines += [line for _, one in found.both for line in _finding("both", one)]
    return lines


def _finding(word: str, one: Finding) -> list[str]:
    lines = [f"  {word}  {one.severity.value.upper():8}{one.rule}  ({one.confidence.value})"]
    first = _SENTENCE.split(one.statement, maxsplit=1)[0]
    return lines + textwrap.wrap(safe(first), WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)


def _compared(one: Compared) -> list[str]:
    flows = "" if one.a_flows == one.b_flows == 1 else f"  ({one.a_flows} flows in A, {one.b_flows} in B)"
    return [safe(f"{one.name}{flows}"), *(f"  {safe(change)}" for change in one.changes), *_measures(one.measures)]


def _asked(one: Asked) -> list[str]:
    title = f"{one.target}  ({one.a} requests in A, {one.b} in B)"
    return [safe(title), *(f"  {safe(change)}" for change in one.changes), *_measures(one.measures)]


def _differs(one: Asked) -> bool:
    return bool(one.changes) or any(measure.judged in (Judged.MORE, Judged.LESS) for measure in one.measures)


def _measures(some: Sequence[Measure]) -> list[str]:
    if not some:
        return []
    rows = [
        (
            one.name, amount(one.a, one.unit), amount(one.b, one.unit),
            f"{one.ratio:.3g}" if one.ratio is not None else "-",
            _JUDGED.get((one.unit, one.judged), one.judged.value), one.reason,
        )
        for one in some
    ]  # fmt: skip
    return [f"  {line}" for line in table(HEADER, rows, most=120).splitlines()]


def _names(title: str, some: Sequence[Compared]) -> list[str]:
    return _list(title, (str(one.name) for one in some), len(some))


def _targets(title: str, some: Sequence[Asked]) -> list[str]:
    return _list(title, (str(one.target) for one in some), len(some))


def _list(title: str, names: Iterable[str], count: int) -> list[str]:
    if not count:
        return []
    shown = [f"  {safe(name)}" for _, name in zip(range(MOST), names, strict=False)]
    more = [f"  and {count - MOST} more (--json lists them all)"] if count > MOST else []
    return [f"{title}:", *shown, *more]
