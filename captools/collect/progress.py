"""How far a capture is, one value per point. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from captools.model.points import Point


class State(StrEnum):
    """The life of one capture at one point."""

    STARTING = "starting"
    LISTENING = "listening"
    ARRIVING = "coming home"  # its tool has ended, and not all it wrote is here
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointProgress:
    """What a point has given so far. ``packets``: at home, or more by the tool's own count, which runs
    ahead of what it has written. ``dropped`` is the kernel's count, None where the tool does not tell.

    ``lag``: bytes that rest on the node and are not home, ``used`` of ``limit``: how full the node's spool is;
    None where no spool is known. ``trouble``: what is wrong with the way to the node at this moment.
    """

    point: Point
    state: State
    bytes: int = 0
    packets: int = 0
    dropped: int | None = None
    message: str = ""
    lag: int | None = None
    used: int | None = None
    limit: int | None = None
    trouble: str = ""
