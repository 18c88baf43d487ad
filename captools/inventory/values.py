"""Values out of untrusted text and JSON: a wrong type or a damaged value is absent, never an exception."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network
from typing import Any

Pairs = list[tuple[str, Any]]


class NotAsClaimed(ValueError):
    """A file looks like one kind of inventory but cannot be read as that; the text says what was found."""


def parse_json(text: str) -> Any:
    """Return a JSON document; raise NotAsClaimed where the text is damaged or nested beyond reason.

    A key that occurs more than once in one object keeps its first value: iproute2 prints ``dst`` of an
    encapsulated route twice, first the prefix. `parse_json_pairs` keeps both.
    """
    return _load(text, lambda pairs: dict(reversed(pairs)))


def parse_json_pairs(text: str) -> Any:
    """Return a JSON document in which every object is a list of (key, value): repeated keys survive."""
    return _load(text, list)


def _load(text: str, hook: Any) -> Any:
    try:
        # Not strict: a name of an interface may hold control characters, which iproute2 prints as they are.
        return json.loads(text.lstrip("\ufeff"), object_pairs_hook=hook, strict=False)
    except json.JSONDecodeError as error:
        raise NotAsClaimed(f"damaged JSON at line {error.lineno} ({error.msg})") from error
    except (ValueError, RecursionError) as error:
        # ValueError: a number of thousands of digits. RecursionError: thousands of nested brackets.
        raise NotAsClaimed("JSON with a number or a nesting beyond reason") from error


def clean(value: object) -> str:
    """Return ``value`` as printable text, or "" where it is no text: names may carry terminal escape codes."""
    if not isinstance(value, str):
        return ""
    if value.isascii() and value.isprintable():
        return value.strip()
    return "".join(char for char in value if char.isprintable()).strip()


def at(document: object, *keys: str) -> Any:
    """Return the value under nested ``keys``; None as soon as one of them is missing."""
    for key in keys:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def text_at(document: object, *keys: str) -> str:
    """Return the text under nested ``keys``; "" where there is none."""
    return clean(at(document, *keys))


def list_at(document: object, *keys: str) -> list[Any]:
    """Return the list under nested ``keys``; an empty one where there is none."""
    found = at(document, *keys)
    return found if isinstance(found, list) else []


def texts_at(document: object, *keys: str) -> tuple[str, ...]:
    """Return the texts of the list under nested ``keys``, empty ones left out."""
    return tuple(text for text in map(clean, list_at(document, *keys)) if text)


def number(value: object) -> int | None:
    """Return a whole number from 0 to 2**64-1 given as a number or as decimal text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 20):
            return None
        value = int(text)
    return value if isinstance(value, int) and 0 <= value < 1 << 64 else None


def address(value: object) -> str:
    """Return an IP address in its usual spelling; "" for anything else."""
    try:
        return str(ip_address(clean(value)))
    except ValueError:
        return ""


def prefix(value: object) -> str:
    """Return a prefix in its usual spelling (a bare address is its own /32 or /128); "" for anything else."""
    try:
        return str(ip_network(clean(value), strict=False))
    except ValueError:
        return ""


def host_of(value: str) -> str:
    """Return the address of a prefix that holds exactly one; "" for wider ones and for anything else."""
    found = prefix(value)
    head, _, length = found.partition("/")
    return head if length in ("32", "128") and (length == "128") == (":" in head) else ""
