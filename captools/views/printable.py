"""Text from captures made safe to show: nothing in it can move a cursor, turn text round or hide.

Names, paths and headers are written by whoever sent the packet. C0 and C1 controls drive terminals (ECMA-48),
bidirectional controls reorder what a person reads (UAX 9), zero-width characters hide. All become visible escapes.
"""

from __future__ import annotations

import unicodedata

# Other: control, format, surrogate, private use, unassigned; and the line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}
MAX_MARKS = 2  # combining marks on one letter; more of them paint over the neighbouring lines
ELLIPSIS = "…"


def _escape(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: str, limit: int) -> str:
    """Cut ``text`` in the middle to at most ``limit`` characters, so that both its ends stay readable.

    >>> shorten("/a/very/long/path", 9)
    '/a/v…path'
    """
    if len(text) <= limit:
        return text
    if limit <= 1:
        return ELLIPSIS[:limit]
    tail = (limit - 1) // 2
    return text[: limit - 1 - tail] + ELLIPSIS + (text[-tail:] if tail else "")


def printable(text: object, limit: int | None = None) -> str:
    """Return ``text`` with every unsafe character as a visible escape, cut to ``limit`` characters.

    >>> printable("a\\x1b[31mb")
    'a\\\\e[31mb'
    """
    raw = str(text)
    if limit is not None:
        raw = shorten(raw, 4 * limit)  # a path of a megabyte need not be looked at letter by letter
    if not (raw.isascii() and raw.isprintable()):
        raw = "".join(_safe_characters(raw))
    return raw if limit is None else shorten(raw, limit)


def _safe_characters(raw: str) -> list[str]:
    made: list[str] = []
    marks = 0
    for character in raw:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        made.append(_escape(character) if category in _UNSAFE or marks > MAX_MARKS else character)
    return made
