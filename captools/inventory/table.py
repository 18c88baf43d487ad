"""Text tables as kubectl and cilium print them: aligned columns under a header of upper-case words."""

from __future__ import annotations

import re
from collections.abc import Iterator

_GAP = re.compile(r"\s{2,}|\t+")


def rows(text: str, header: str) -> Iterator[dict[str, str]]:
    """Yield one dict per line below ``header`` (a line of ``text``): column title -> cell, "" for an empty cell.

    Cells are cut where the header's words start, because an empty cell (the IPv6 address of an IPv4 pod)
    leaves only blanks behind. Lines that are not aligned with the header, as after pasting through a chat,
    are split at gaps of two blanks or more.
    """
    below = text[text.index(header) + len(header) :].splitlines()
    titles = [title for title in _GAP.split(header.strip()) if title]
    starts = [header.index(title) for title in titles[:1]]
    for title in titles[1:]:
        starts.append(header.index(title, starts[-1] + 1))
    for line in below:
        if not line.strip():
            continue
        line = line.expandtabs()
        if _aligned(line, starts):
            ends = [*starts[1:], None]
            cells = [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]
        else:
            cells = [cell for cell in _GAP.split(line.strip()) if cell]
        yield {title: cells[n] if n < len(cells) else "" for n, title in enumerate(titles)}


def _aligned(line: str, starts: list[int]) -> bool:
    """Tell whether a blank stands before every column, as the program that printed the table made sure."""
    return all(line[start - 1 : start] in ("", " ") for start in starts[1:]) and line[:1] != " "


def header_line(text: str, *words: str) -> str:
    """Return the first line that holds all of ``words`` as column titles; "" where there is none."""
    for line in text.splitlines():
        titles = _GAP.split(line.strip())
        if all(word in titles for word in words):
            return line
    return ""
