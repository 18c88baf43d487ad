"""The seam for whoever reads along while a capture runs: a live stream, a search for the event that ends it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from captools.model.points import Point, Role
from captools.model.session import ToolCounts, UntilRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePoint:
    """One point, told to sinks before its first byte.

    key: its number over all nodes, in the order of the plan. clock_offset_ns: how far the node's clock runs ahead
    of ours, None where it was not read. names: interface index -> name on that node, which a capture of ``any``
    needs. file: where its packets grow at home, None where nothing is kept.
    """

    key: int
    point: Point
    role: Role = Role.OTHER
    filter: str = ""
    tool: str = "tcpdump"
    clock_offset_ns: int | None = None
    names: Mapping[int, str] = field(default_factory=dict)
    file: Path | None = None


class Sink(Protocol):
    """Gets every point's packets as they come. It never raises for what packets hold; it ends a capture by ``stop``."""

    def begin(self, points: Sequence[LivePoint], folder: Path | None) -> None:
        """Know the points and the session folder (None: nothing is kept); once, before any packet."""

    def feed(self, key: int, data: bytes) -> None:
        """Take the next bytes of a point's pcap stream, each byte once; called by the nodes' threads, may block."""

    def end(self, counts: Mapping[int, ToolCounts], hurry: threading.Event) -> None:
        """Take leave after the last byte, with the tools' own counts by key; ``hurry`` may be set while it lasts."""

    @property
    def found(self) -> tuple[UntilRecord, ...]:
        """What was looked for and found, for the manifest."""
