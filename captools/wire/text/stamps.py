"""Times as tcpdump and ngrep print them: time of day, with a date, seconds since 1970, or since another packet.

Text never says its time zone. Dates are read as UTC and times of day as of the first of January 1970; the warnings
say so, because neither lines up with a capture of a node whose clock shows another zone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from captools.model.units import NS_PER_S

DAY_NS = 86_400 * NS_PER_S


class StampKind(StrEnum):
    """What a time counts from."""

    EPOCH = "epoch"  # tcpdump -tt
    DATED = "dated"  # tcpdump -tttt, ngrep -t
    DAY = "day"  # tcpdump's default
    LEAD = "lead"  # tcpdump -ttt or -ttttt, if the first of them is zero
    DELTA = "delta"  # ngrep -T


@dataclass(frozen=True, slots=True)
class Stamp:
    """A printed time: ``ns`` counts from 1970, from midnight or from another packet, as ``kind`` says."""

    kind: StampKind
    ns: int


# The fraction has six digits, or nine with --nano. A space or minus in front of a time of day marks -ttt and -ttttt.
PATTERN = (
    r"(?:(?P<day>\d{4}[-/]\d\d[-/]\d\d) |(?P<lead>[ -]))?(?P<clock>\d\d:\d\d:\d\d)\.(?P<rest>\d{6}(?:\d{3})?)"
    r"|(?P<seconds>\d{1,11})\.(?P<part>\d{6}(?:\d{3})?)"
)
NO_TIME = "its lines carry no time; all its packets stand at time 0, in the order of the log"
NO_DATE = (
    "its times carry no date: they count from midnight of 1970-01-01, and line up with other logs of that kind only "
    "(tcpdump -tttt, or a capture file, tells the date)"
)
NO_ZONE = "its times carry no time zone and are read as UTC"
NO_START = "its times count from its own first packet (tcpdump -ttt or -ttttt, ngrep -T), not from any clock"


def stamp(found: re.Match[str]) -> Stamp | None:
    """Return the time in a match of PATTERN; None where its numbers are no time."""
    if found["seconds"]:
        return Stamp(StampKind.EPOCH, int(found["seconds"]) * NS_PER_S + _fraction(found["part"]))
    hours, minutes, seconds = (int(part) for part in found["clock"].split(":"))
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    ns = (hours * 3600 + minutes * 60 + seconds) * NS_PER_S + _fraction(found["rest"])
    if found["day"] is None:
        return Stamp(StampKind.LEAD if found["lead"] else StampKind.DAY, -ns if found["lead"] == "-" else ns)
    try:
        day = datetime.strptime(found["day"].replace("/", "-"), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Stamp(StampKind.DATED, int(day.timestamp()) * NS_PER_S + ns)


def _fraction(digits: str) -> int:
    return int(digits.ljust(9, "0"))


def times(stamps: list[Stamp | None]) -> tuple[list[int], tuple[str, ...]]:
    """Return the time of each packet in nanoseconds since 1970, and what is wrong with these times.

    A packet without a time gets that of the packet before it.
    """
    kinds = {one.kind for one in stamps if one is not None}
    if not kinds:
        return [0] * len(stamps), (NO_TIME,) if stamps else ()
    if StampKind.DELTA in kinds or _relative(stamps):
        return _since_first(stamps), (NO_START,)
    found: list[int] = []
    last, midnight = 0, 0
    for one in stamps:
        if one is not None:
            ns = one.ns
            if one.kind in (StampKind.DAY, StampKind.LEAD):
                if ns + midnight < last - DAY_NS // 2:  # the log goes on past midnight
                    midnight += DAY_NS
                ns += midnight
            last = ns
        found.append(last)
    warnings = []
    if kinds & {StampKind.DAY, StampKind.LEAD}:
        warnings.append(NO_DATE)
    if StampKind.DATED in kinds:
        warnings.append(NO_ZONE)
    return found, tuple(warnings)


def _relative(stamps: list[Stamp | None]) -> bool:
    """Tell -ttt and -ttttt from a log that is merely indented by one space: their first time is zero."""
    first = next(one for one in stamps if one is not None)
    return first.kind is StampKind.LEAD and first.ns == 0


def _since_first(stamps: list[Stamp | None]) -> list[int]:
    """Turn differences into times since the first packet. Times that never fall are since the first already."""
    given = [one.ns if one is not None else 0 for one in stamps]
    known = [one.ns for one in stamps if one is not None]
    between = any(one is not None and one.kind is StampKind.DELTA for one in stamps)
    if not between and all(a <= b for a, b in zip(known, known[1:], strict=False)):
        return given
    total, found = 0, []
    for ns in given:
        # ngrep counts the first packet of a file from now, modulo 2^32 seconds: that is no difference.
        total += ns if ns < DAY_NS else 0
        found.append(total)
    return found
