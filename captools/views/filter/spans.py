"""What stands in brackets behind a field: bytes of it (from 0), or layers of its protocol (from 1)."""

from __future__ import annotations

import re

from captools.views.filter.tree import Span

_ONE = re.compile(r"(?P<first>-?\d{1,6})?(?:(?P<sign>[:-])(?P<second>-?\d{1,6})?)?", re.ASCII)


class BadSpan(ValueError):
    """Brackets that hold no range; ``at`` is where they begin in the filter."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.at = text, at
        super().__init__(f"`{text}` is no range such as [2], [0:3] (three from 0) or [0-2] (0 to 2)")


def spans(text: str, at: int, *, first: int = 0) -> tuple[Span, ...]:
    """Read ``[0:3]`` (offset and length), ``[0-2]`` (both ends), ``[2]``, ``[:3]``, ``[1:]``, and lists of these.

    ``first`` is the number of the first one. Raises BadSpan.
    """
    found = []
    for one in text.removeprefix("[").removesuffix("]").split(","):
        match = _ONE.fullmatch(one.replace(" ", ""))
        if match is None or not one.strip() or match[0] in (":", "-"):
            raise BadSpan(text, at)
        start = int(match["first"]) if match["first"] else first
        found.append(Span(first=start, last=_last(start, match["sign"], match["second"], text, at)))
    return tuple(found)


def _last(start: int, sign: str | None, second: str | None, text: str, at: int) -> int | None:
    if sign is None:
        return start
    if sign == ":":
        if second is None:
            return None
        if int(second) <= 0:
            raise BadSpan(text, at)
        end = start + int(second) - 1
        # From the end, the last one is -1: what would run past it stops there.
        return None if start < 0 <= end else end
    if second is None or (start < 0) != (int(second) < 0) or int(second) < start:
        raise BadSpan(text, at)
    return int(second)
