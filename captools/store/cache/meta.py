"""What an entry says of its capture file, beside the tables."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from captools.wire.records import Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One byte range of the file: how many packets it holds, and of which side tables there is anything."""

    rows: int
    lanes: int
    sides: dict[str, int]  # rows of each side table; a table without rows has no file


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """One capture file."""

    path: str  # as it was called when it was read: finds the entries of its earlier states
    packets: int
    first_ns: int | None
    last_ns: int | None
    damage: str
    interfaces: tuple[Interface, ...]
    shards: tuple[Shard, ...]

    def to_text(self) -> str:
        """Return the meta file's text."""
        return json.dumps(asdict(self), indent=1)


def meta_from_text(text: str) -> Meta:
    """Return what :meth:`Meta.to_text` wrote; ValueError, TypeError or KeyError where it is something else."""
    told: dict[str, Any] = json.loads(text)
    told["interfaces"] = tuple(Interface(**one) for one in told["interfaces"])
    told["shards"] = tuple(Shard(**one) for one in told["shards"])
    return Meta(**told)
