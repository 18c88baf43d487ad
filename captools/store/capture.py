"""One capture file, opened: a small one decoded in memory, a large one through its cache entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from captools.wire.decode import Naming
from captools.wire.records import Interface


@dataclass(frozen=True, slots=True)
class Reading:
    """How captures are read: the UDP ports of VXLAN, and who is told of what takes time.

    ``announce`` gets a sentence before the kernels are compiled; ``tick`` the file at work, how many of its bytes were
    read since, and its size in all (from any thread).
    """

    vxlan_ports: tuple[int, ...]
    announce: Callable[[str], None] = lambda words: None
    tick: Callable[[Path, int, int], None] = lambda path, count, size: None


class Rows(Protocol):
    """A packet table that can be asked for in whole or in part; rows count from 0, as in the head tables."""

    def __len__(self) -> int:
        """How many packets there are."""

    @property
    def sha256(self) -> str:
        """The hash of the file as it lies there; of a large one computed now, if it was not before."""

    def table(self, naming: Naming, first: int = 0, count: int | None = None) -> pa.Table:
        """Return rows ``first`` to ``first + count`` (default: to the end) of the packet table (schema PACKETS)."""

    def batches(self, naming: Naming) -> Iterator[pa.Table]:
        """Yield the packet table in pieces that fit into memory."""

    def http(self, naming: Naming) -> pa.Table:
        """Return the HTTP table (schema HTTP)."""

    def tls(self, naming: Naming) -> pa.Table:
        """Return the TLS table (schema TLS)."""

    def dns(self, naming: Naming) -> pa.Table:
        """Return the DNS table (schema DNS)."""


class Capture(Rows, Protocol):
    """The rows of a capture file, and what the file says of itself."""

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Its interfaces, in the order of their descriptions."""

    @property
    def times(self) -> tuple[int | None, int | None]:
        """Earliest and latest time in nanoseconds; None where it holds no packet."""

    @property
    def damage(self) -> str:
        """Where and how it ends early; the empty string where it does not."""
