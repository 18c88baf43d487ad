"""How far a capture is, one value per point. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from captools.model.points import Point


class State(StrEnum):
    """The life of one capture at one point."""

    STARTING = "starting"
    LISTENING = "listening"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointProgress:
    """What a point has given so far. ``dropped`` is the kernel's count, None where the tool does not tell."""

    point: Point
    state: State
    bytes: int = 0
    packets: int = 0
    dropped: int | None = None
    message: str = ""
