"""Reads along while a capture runs, and ends it some time after an event was seen."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from captools.collect.live.event import Event, Match, Watch, watch
from captools.collect.live.queued import Queued
from captools.collect.live.sinks import LivePoint
from captools.model.session import ToolCounts, UntilRecord
from captools.model.units import rfc3339

_TICK_S = 0.2
_REST_S = 30.0  # at the end, for what has come and was not looked at


class UntilSink:
    """Looks at every packet of all points in a thread of its own; after the first match only the time counts.

    ``news`` gives what should be told meanwhile, once.
    """

    def __init__(self, event: Event, stop: threading.Event, after_s: float = 0.0) -> None:
        self._event, self._stop, self._after_s = event, stop, after_s
        self._queued = Queued()
        self._points: dict[int, LivePoint] = {}
        self._news: list[str] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="until", daemon=True)
        self.found: tuple[UntilRecord, ...] = ()

    def begin(self, points: Sequence[LivePoint], folder: Path | None) -> None:
        """Know the points and start looking."""
        self._points = {one.key: one for one in points}
        self._thread.start()

    def feed(self, key: int, data: bytes) -> None:
        """Take bytes of one point; wait while too many have not been looked at."""
        self._queued.put(key, data)

    def end(self, counts: Mapping[int, ToolCounts], hurry: threading.Event) -> None:
        """Look at what has come, as long as nobody is in a hurry."""
        self._ended.set()
        self._queued.end()
        if self._thread.is_alive():
            self._thread.join(0.0 if hurry.is_set() else _REST_S)
        self._queued.refuse()

    def news(self) -> list[str]:
        """Return what happened since the last call, as sentences."""
        told, self._news = self._news, []
        return told

    def _run(self) -> None:
        try:
            self._look()
        finally:
            self._queued.refuse()  # whatever happens here, no node waits for it

    def _look(self) -> None:
        watches = {key: watch(self._event, point) for key, point in self._points.items()}
        while not self._queued.ended:
            found = _first(watches, self._queued.take(_TICK_S))
            if found is not None:
                self._queued.refuse()
                self._note(*found)
                self._ended.wait(self._after_s)
                self._stop.set()
                return

    def _note(self, key: int, match: Match) -> None:
        point, (frame, ts_ns) = self._points[key].point, match
        self.found = (
            UntilRecord(
                expression=self._event.expression,
                kind=self._event.kind.value,
                point=str(point),
                frame=frame,
                time=rfc3339(ts_ns),
            ),
        )
        then = f"the capture goes on for {self._after_s:g} s" if self._after_s else "the capture ends"
        self._news.append(f"{point}: frame {frame:,} at {rfc3339(ts_ns)} matches the {self._event}; {then}")


def _first(watches: Mapping[int, Watch], came: Mapping[int, bytes]) -> tuple[int, Match] | None:
    """Return the earliest match of what has come, with its point's key."""
    hits = [(key, match) for key, data in came.items() if (match := watches[key].first(data)) is not None]
    return min(hits, key=lambda hit: hit[1][1], default=None)
