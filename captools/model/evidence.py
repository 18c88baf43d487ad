"""Evidence: frames that prove a statement, in a form that Wireshark opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, overload


class Confidence(StrEnum):
    """How sure a statement is."""

    PROVEN = "proven"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Frames of one capture file. ``filter`` with ``decode_as`` gives exactly those frames in tshark.

    Of a text log the frames are its packets, counted from 1; they stand on ``lines``, and no filter finds them.
    """

    point: str
    file: str
    sha256: str
    frames: tuple[int, ...]
    shows: str
    filter: str = ""
    decode_as: str = ""
    lines: tuple[int, ...] = ()

    def saying(self, shows: str) -> Evidence:
        """Return this proof for a statement; that of a text log says on which lines to look."""
        if not self.lines:
            return replace(self, shows=shows)
        word = "line" if len(self.lines) == 1 else "lines"
        return replace(self, shows=f"{shows} ({word} {', '.join(map(str, self.lines))})")

    def decode_rules(self) -> tuple[str, ...]:
        """Return what each ``-d`` of tshark is given: ``decode_as`` is one such rule, or several with commas between."""
        words = self.decode_as.split(",")
        return tuple(f"{port},{protocol}" for port, protocol in zip(words[::2], words[1::2], strict=False))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "point": self.point, "file": self.file, "sha256": self.sha256, "frames": list(self.frames),
            "filter": self.filter, "decode_as": self.decode_as, "shows": self.shows,
        }  # fmt: skip


class Proofs(Sequence[Evidence]):
    """Evidence that is made when it is first looked at: of thousands of requests few are."""

    def __init__(self, make: Callable[[], Sequence[Evidence]]) -> None:
        self._make = make
        self._made: tuple[Evidence, ...] | None = None

    def _all(self) -> tuple[Evidence, ...]:
        if self._made is None:
            self._made = tuple(self._make())
        return self._made

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, at: int) -> Evidence: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Evidence]: ...
    def __getitem__(self, at: int | slice) -> Evidence | Sequence[Evidence]:
        return self._all()[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which points a statement rests on, and why that is enough (or not)."""

    points: tuple[str, ...] = ()
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"points": list(self.points), "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blindness:
    """A stretch of time in which one point could not be relied on."""

    point: str
    start: str  # RFC 3339, or "" where it holds for the whole capture
    end: str
    why_blind: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (keys ``from`` and ``to``)."""
        return {"point": self.point, "from": self.start, "to": self.end, "why_blind": self.why_blind}
