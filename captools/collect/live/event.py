"""The event that ends a capture: a display filter or a regular expression, which of the two, and which packet it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from captools.model.errors import MalformedCapture, UsageError

if TYPE_CHECKING:
    from captools.collect.live.sinks import LivePoint
    from captools.views.filter import Filter

Match = tuple[int, int]  # frame (from 1), its stamp in nanoseconds


class Kind(StrEnum):
    """How an event is told."""

    FILTER = "filter"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class Event:
    """What is waited for; ``expression`` is without the prefix that may have forced its kind."""

    kind: Kind
    expression: str

    def __str__(self) -> str:
        return f"{'display filter' if self.kind is Kind.FILTER else 'regular expression'} {self.expression}"


# What a display filter holds and a pattern for bytes hardly ever does.
_FILTER_SIGNS = re.compile(r"==|!=|&&|\|\||[<>]=|\b(?:contains|matches|in\s*\{)", re.ASCII)
_PREFIX = re.compile(r"(re|regex|filter):", re.ASCII)


def understand(text: str, *, on_node: bool = False) -> Event:
    """Return the event that ``text`` means: a display filter if it is one, else a regular expression over bytes.

    ``filter:`` or ``re:`` before it decides. ``on_node``: the node itself looks for it, which knows bytes only.
    UsageError where it is neither.
    """
    prefix = _PREFIX.match(text)
    forced, rest = (prefix[1], text[prefix.end() :]) if prefix else ("", text)
    if not rest.strip():
        raise UsageError(
            "--until was given nothing to look for", hint="write --until 'tcp.flags.reset == 1' or a regex"
        )
    if forced in ("re", "regex"):
        return Event(Kind.REGEX, _checked(rest, on_node))
    problem = _filter_problem(rest)
    if problem is None:
        if on_node:
            raise UsageError(
                f"--until {rest!r} is a display filter, and with --detach or --ring the node looks by itself, which "
                "knows bytes only",
                hint="write --until 're:PATTERN', or stay attached without --ring",
            )
        return Event(Kind.FILTER, rest)
    if forced or _FILTER_SIGNS.search(rest):
        raise UsageError(problem.message, hint="correct it, or write 're:…' if these are bytes to look for")
    return Event(Kind.REGEX, _checked(rest, on_node))


def _filter_problem(text: str) -> UsageError | None:
    from captools.views.filter import FilterError, compile_filter

    try:
        compile_filter(text)
    except FilterError as error:
        return error
    return None


def _checked(pattern: str, on_node: bool) -> str:
    """Return the pattern; UsageError where whoever is to search cannot use it."""
    said = ""
    if on_node:
        try:
            re.compile(pattern.encode())
        except re.error as error:
            said = str(error)
    else:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            pc.match_substring_regex(pa.array([b""], pa.binary()), pattern)
        except pa.ArrowInvalid as error:
            said = str(error).partition(": ")[2] or str(error)
    if said:
        raise UsageError(
            f"--until: {pattern!r} is no regular expression ({said})",
            hint="a backslash before a sign takes it as it is",
        )
    return pattern


class Watch(Protocol):
    """Looks for an event in one point's stream."""

    def first(self, data: bytes) -> Match | None:
        """Take the next bytes; return the first packet among them that is the event."""


def watch(event: Event, point: LivePoint) -> Watch:
    """Return what looks for ``event`` at ``point``."""
    return _ByFilter(event, point) if event.kind is Kind.FILTER else _ByBytes(event, point)


class _ByBytes:
    """Searches the captured bytes of each packet by itself, in time that grows with their length only (RE2)."""

    def __init__(self, event: Event, point: LivePoint) -> None:
        from captools.wire.record_stream import RecordStream

        self._pattern = event.expression
        self._stream = RecordStream(str(point.point))
        self._frames = 0

    def first(self, data: bytes) -> Match | None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        batch = self._stream.feed(data)
        if batch is None:
            return None
        # Packets and the record headers between them, in turns: no byte is copied, and every second is asked.
        edges = np.column_stack((batch.offset, batch.offset + batch.cap_len)).astype(np.int32).ravel()
        parts = pa.Array.from_buffers(
            pa.binary(), len(edges) - 1, [None, pa.py_buffer(edges), pa.py_buffer(batch.data)]
        )[::2]
        hits = np.flatnonzero(pc.match_substring_regex(parts, self._pattern).to_numpy(zero_copy_only=False))
        before, self._frames = self._frames, self._frames + len(batch)
        if not len(hits):
            return None
        return before + int(hits[0]) + 1, int(batch.ts_ns[hits[0]])


class _ByFilter:
    """Decodes every packet as it comes and asks the display filter."""

    def __init__(self, event: Event, point: LivePoint) -> None:
        from captools.views.filter import compile_filter
        from captools.views.filter.passing import Passing
        from captools.wire.decode import Naming
        from captools.wire.follow import Follower

        judge: Filter = compile_filter(event.expression)
        name = str(point.point)
        self._passing = Passing(judge)
        self._follower = Follower(name, lambda interfaces: Naming(source=name, points=(name,) * len(interfaces)))

    def first(self, data: bytes) -> Match | None:
        try:
            arrived = self._follower.feed(data)
        except MalformedCapture:
            return None  # the point itself fails for it
        if arrived is None:
            return None
        tables, rows = self._passing.of(arrived)
        if not len(rows):
            return None
        row = int(rows[0])
        return tables.packets["frame"][row].as_py(), tables.packets["ts_ns"][row].as_py()
