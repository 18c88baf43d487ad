"""Sources: one capture file or log each, as far as an analysis needs to know them."""

from __future__ import annotations

from dataclasses import dataclass

from captools.model.session import ToolCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One opened input. ``name`` is unique in an analysis and stands in the packet table's ``source``."""

    name: str
    path: str
    point: str  # the point of its packets, or "" where rows carry several (a capture of "any")
    linktype: int | None
    sha256: str
    packets: int
    bytes: int
    first_ns: int | None
    last_ns: int | None
    role: str = "other"
    user_filter: str = ""
    excluded: tuple[str, ...] = ()  # BPF texts of what was left out as the capture's own way home
    match: str = ""  # content filter (ngrep): nothing negative rests on it
    snaplen: int | None = None
    started_ns: int | None = None  # when the tool said it was listening
    stopped_ns: int | None = None
    counts: ToolCounts = ToolCounts()
    holes: int = 0  # places where packets were dropped on the node, between the first and the last one or behind it
    ok: bool = True
    error: str = ""
    damage: str = ""  # where and how the file ends early, if it does
    text: str = ""  # the tool, where this is its printed text: "tcpdump" or "ngrep"
    lines: tuple[int, ...] = ()  # of a text log: the line (from 1) on which each packet begins

    @property
    def node(self) -> str:
        """The node part of the point; the empty string for a file that names none."""
        return self.point.partition("/")[0] if "/" in self.point else ""
