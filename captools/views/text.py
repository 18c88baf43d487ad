"""Plain text for terminals and pipes: aligned columns, and never a control character from a capture."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

MAX_CELL = 60


def safe(text: object, most: int | None = None) -> str:
    """Return ``text`` on one line without control or formatting characters, cut to ``most`` characters.

    A capture may hold escape codes that would drive the reader's terminal; they come out as ``\\x1b``.

    >>> safe("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    plain = "".join(
        char if unicodedata.category(char)[0] != "C" else char.encode("unicode_escape").decode("ascii")
        for char in str(text)
    )
    return plain if most is None or len(plain) <= most else plain[: most - 1] + "…"


def table(header: Sequence[str], rows: Iterable[Sequence[object]], most: int = MAX_CELL) -> str:
    """Return rows as left-aligned columns under a header line; None shows as ``-``."""
    cells = [[("-" if value is None or value == "" else safe(value, most)) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(header)]
    lines = [[name.upper() for name in header], *cells]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
