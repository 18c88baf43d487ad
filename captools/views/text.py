"""Plain text for terminals and pipes: aligned columns, and never a control character from a capture."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from captools.views.printable import ELLIPSIS, printable

MAX_CELL = 60
_NOT_PLAIN = re.compile(r"[^\n -~]")


def safe(text: object, most: int | None = None) -> str:
    """Return ``text`` on one line without control or formatting characters, cut at its end to ``most`` characters.

    A capture may hold escape codes that would drive the reader's terminal; they come out as ``\\e``.

    >>> safe("a\\x1b[31mb"), safe("a long cell", 5)
    ('a\\\\e[31mb', 'a lo…')
    """
    plain = printable(text)
    return plain if most is None or len(plain) <= most else plain[: most - 1] + ELLIPSIS


def json_text(value: object, indent: int | None = None) -> str:
    """Return ``value`` as JSON; what could drive a terminal is written as ``\\uXXXX``, which any reader undoes."""
    return _NOT_PLAIN.sub(_escaped, json.dumps(value, ensure_ascii=False, indent=indent))


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if printable(char) == char:
        return char
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]  # JSON itself lets DEL pass


def table(header: Sequence[str], rows: Iterable[Sequence[object]], most: int = MAX_CELL) -> str:
    """Return rows as left-aligned columns under a header line; None shows as ``-``."""
    return "\n".join(table_lines(header, rows, most, look_ahead=None))


def table_lines(
    header: Sequence[str], rows: Iterable[Sequence[object]], most: int = MAX_CELL, look_ahead: int | None = 1_000
) -> Iterator[str]:
    """Yield the lines of :func:`table`; columns are as wide as the first ``look_ahead`` rows need (None: all rows)."""
    coming = iter(rows)
    first = [row_text(row, most) for row in islice(coming, look_ahead)]
    widths = [max([len(name), *(len(row[at]) for row in first)]) for at, name in enumerate(header)]
    for line in chain([[name.upper() for name in header]], first, (row_text(row, most) for row in coming)):
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def row_text(row: Sequence[object], most: int) -> list[str]:
    """Return the cells of a row as they are printed, cut to ``most`` characters each."""
    return ["-" if value is None or value == "" else safe(value, most) for value in row]
