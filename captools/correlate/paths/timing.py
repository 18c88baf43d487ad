"""Times between sightings: on one clock exactly, between two as far as their offset is known."""

from __future__ import annotations

from dataclasses import dataclass, field

from captools.correlate.clocks.clocks import Clocks
from captools.correlate.clocks.names import clock_names
from captools.correlate.sightings import Sightings


@dataclass(frozen=True, slots=True)
class Timing:
    """Answers how long a packet took from one sighting to another. The rows' stamps are on one time line already."""

    rows: Sightings
    clocks: Clocks
    _names: list[str] = field(default_factory=list)

    def delay(self, before: int, row: int) -> tuple[int | None, int | None]:
        """Return the time from the row ``before`` to ``row`` and its error; None where the clocks cannot be compared."""
        points, stamps = self.rows["point"], self.rows["ts_ns"]
        if not self._names:
            self._names.extend(clock_names(self.rows))
        sent, received = int(stamps[before]), int(stamps[row])
        near = self.clocks.near(self._names[points[before]], self._names[points[row]], sent)
        return (None, None) if near is None else (received - sent - near[0], near[1])
