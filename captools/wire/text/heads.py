"""HTTP heads in printed text: the lines are turned back into bytes and read as any other head.

The body is never taken: printing has replaced bytes of it, and a hash of the rest would be of nothing real.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from captools.wire.http1 import read_head
from captools.wire.text.table import Row

_REQUEST = r"(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS|CONNECT|TRACE) \S+ HTTP/1\.[01]"
_FIRST = re.compile(rf"(?:{_REQUEST}|HTTP/1\.[01] \d{{3}}(?: .*)?)\.?", re.ASCII)
_ANYWHERE = re.compile(rf"(?:{_REQUEST}|HTTP/1\.[01] \d{{3}}(?: .*)?)$", re.ASCII)
_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}:", re.ASCII)
# Where CR and LF are printed as dots, two dots and the name of a header begin a new line.
_BREAK = re.compile(r"\.\.(?=[!#$%&'*+\-^_`|~0-9A-Za-z]{1,128}: )", re.ASCII)
_END = "...."
MAX_LINES = 256


def from_lines(lines: Iterable[str], *, dots: bool) -> Row | None:
    """Return the head that a payload printed line by line begins with, None where it begins with none.

    ``dots``: the printer writes the CR of each line as a dot (ngrep -W byline); a text that somebody tidied up may
    have lost them, and the lone dot of the empty line with them.
    """
    kept: list[str] = []
    ended = False
    for line in lines:
        if not kept:
            first = _FIRST.fullmatch(line)
            if first is None:
                return None
            dots = dots and line.endswith(".")
        if line == ("." if dots else ""):
            ended = True
            break
        line = line[:-1] if dots and line.endswith(".") else line
        if len(kept) == MAX_LINES:
            break
        if kept and not _HEADER.match(line) and not line.startswith((" ", "\t")):
            break
        kept.append(line)
    return _read(kept, ended)


def looks_streamed(line: str) -> bool:
    """Tell whether a line of payload holds what were several lines."""
    return _END in line or _BREAK.search(line) is not None


def from_stream(text: str) -> Row | None:
    """Return the head at the start of a payload printed without line ends (ngrep's other forms), None where none is."""
    head, end, _ = text.partition(_END)
    first, *rest = _BREAK.split(head)
    return _read([first, *rest[:MAX_LINES]], bool(end)) if _FIRST.fullmatch(first) else None


def behind_headers(lines: list[str]) -> Row | None:
    """Return the head in a payload printed by tcpdump -A: the bytes of the packet's own headers stand in front of it.

    What stands at the beginning of a line is no beginning of a payload: bodies quote requests.
    """
    for at, line in enumerate(lines):
        found = _ANYWHERE.search(line)
        if found is not None:
            return from_lines([found[0], *lines[at + 1 :]], dots=False) if found.start() else None
    return None


def _read(lines: list[str], ended: bool) -> Row | None:
    """Read the lines of a head; ``ended``: the empty line behind them was there."""
    head = read_head("\r\n".join([*lines, "", ""]).encode("latin-1", "replace")) if lines else None
    if head is None:
        return None
    return {
        "kind": "response" if head.status is not None else "request",
        "method": head.method,
        "path": head.url.decode("latin-1") if head.status is None else None,
        "host": head.host,
        "version": head.version,
        "status": head.status,
        "xff": head.listed("x-forwarded-for"),
        "request_id": head.value("x-request-id"),
        "content_length": head.length,
        "order": 0,
        "headers": head.headers,
        "complete": ended,
        "at": 0,
    }
