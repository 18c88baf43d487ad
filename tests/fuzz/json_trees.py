"""Change a JSON text so that it stays JSON: one value becomes another kind, moves, repeats or goes."""

from __future__ import annotations

import json
import random
from typing import Any

import atheris

_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1 << 31, 1 << 64, -(1 << 63), 0.5, 1e308, float("nan"), float("inf"), "", " ", "0", "\0",
    "\x1b[31m", "../../etc/passwd", "a" * 300, "\udcff", "10.0.0.1", "10.0.0.0/33", "::1", "fe80::1%eth0", "999.1.1.1",
    "2023-11-14T22:13:20Z", "0x10", "<script>", [], {}, [[]], [None], {"": ""}, [{}], {"a": {"a": {"a": []}}},
)  # fmt: skip


def changed(text: str, size: int, rng: random.Random) -> str | None:
    """Return another JSON text of at most ``size`` characters; None where this one is no JSON, or it came out longer."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        tree = _changed(tree, rng)
    out = json.dumps(tree)
    return out if len(out) <= size else None


def small(text: str, items: int = 2) -> str:
    """Return a JSON text with only the first items of its lists: a seed that is quick to read and to change."""

    def cut(value: Any) -> Any:
        if isinstance(value, list):
            return [cut(one) for one in value[:items]]
        return {key: cut(one) for key, one in value.items()} if isinstance(value, dict) else value

    return json.dumps(cut(json.loads(text)))


def _changed(tree: Any, rng: random.Random) -> Any:
    places = list(_places(tree))
    if not places:
        return _copy(rng.choice(_VALUES))
    holder, key = rng.choice(places)
    way = rng.randrange(6)
    if way == 0:
        del holder[key]
    elif way == 1:
        other, there = rng.choice(places)
        holder[key] = _copy(other[there])
    elif way == 2 and isinstance(holder, list):
        holder.append(_copy(holder[key]))
    elif way == 3 and isinstance(holder[key], str):
        raw = atheris.Mutate(holder[key].encode("utf-8", "surrogatepass"), len(holder[key]) + 8)
        holder[key] = raw.decode("utf-8", "replace")
    elif way == 4 and isinstance(holder[key], int):
        holder[key] += rng.choice((-1, 1, 1 << 16, 1 << 32))
    else:
        holder[key] = _copy(rng.choice(_VALUES))
    return tree


def _copy(value: Any) -> Any:
    """Return a copy: a tree that held itself would be endless."""
    return json.loads(json.dumps(value))


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return every (holder, key or index) of a tree, from the top down."""
    found: list[tuple[Any, Any]] = []
    left = [tree]
    while left:
        one = left.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            found.append((one, key))
            left.append(one[key])
    return found
