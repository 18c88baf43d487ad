"""Write a plain document as TOML: tables, arrays of tables, and simple values. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def to_toml(document: Mapping[str, Any]) -> str:
    """Return ``document`` as TOML; TypeError for a value TOML or this writer has no form for."""
    return "\n".join(_table(document, ())).lstrip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    simple = [f"{_key(name)} = {_value(value)}" for name, value in table.items() if not _is_table(value)]
    lines = simple
    for name, value in table.items():
        inner = (*path, name)
        dotted = ".".join(_key(part) for part in inner)
        if isinstance(value, Mapping):
            # A header for a table of tables alone would say nothing.
            header = ["", f"[{dotted}]"] if any(not _is_table(one) for one in value.values()) or not value else []
            lines = [*lines, *header, *_table(value, inner)]
        elif _is_table(value):
            for one in value:
                lines = [*lines, "", f"[[{dotted}]]", *_table(one, inner)]
    return lines


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)
    )


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _value(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # TOML's basic strings are JSON's, but for DEL, which JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    raise TypeError(f"no TOML form for {type(value).__name__}")
