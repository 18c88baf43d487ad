"""Quoted values: the escapes of a C string, or none in a raw one (r"…")."""

from __future__ import annotations

import re
import sys

_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquoted(token: str) -> str:
    r"""Return what a quoted token means.

    >>> unquoted('"a\\x41\\""'), unquoted('r"\\d"')
    ('aA"', '\\d')
    """
    if token.startswith("r"):
        return token[2:-1]
    return _ESCAPE.sub(_plain, token[1:-1])


def _plain(found: re.Match[str]) -> str:
    word = found[1]
    if word[0] in "xuU" and len(word) > 1:
        return chr(min(int(word[1:], 16), sys.maxunicode))
    if word[0] in "01234567":
        return chr(int(word, 8) & 0xFF)
    return _LETTERS.get(word, word)
