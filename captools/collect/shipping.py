"""What of a node's points is home, what is asked for again, and what the node may let go of.

A piece or a segment that does not fit is asked for again from the last byte that was checked; after the third
time that one point is given up, and the others go on. Nothing is acknowledged before it is on our disk.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

from captools.collect.arrival import Arrival, OutOfPlace
from captools.collect.point import PointCapture
from captools.collect.protocol import Piece
from captools.store.arriving import ArrivingFile, Unkept

TRIES = 3
ACK_EVERY_S = 0.5
MAX_STALE = 256 * 1024 * 1024  # what may be under way of a shipping that was replaced

Key = tuple[int, str]  # channel and stream
Acknowledge = Callable[[list[dict[str, object]]], None]


class Shipping:
    """All streams of one node; used by the node's thread, with a helper that waits for the disk."""

    def __init__(
        self,
        points: Mapping[int, PointCapture],
        acknowledge: Acknowledge = lambda streams: None,
        trouble: Callable[[OSError], None] = lambda error: None,
        gap: Callable[[], None] = lambda: None,
    ) -> None:
        """``acknowledge`` tells the node what is safe, ``trouble`` of our disk, ``gap`` that bytes are lost for good."""
        self._points = points
        self._acknowledge, self._trouble, self._gap = acknowledge, trouble, gap
        self._arrivals: dict[Key, Arrival] = {}
        for channel, point in points.items():
            self._arrivals[channel, "data"] = point.packets
            if point.text is not None:
                self._arrivals[channel, "text"] = point.text
        self.broken: set[int] = set()  # channels whose bytes cannot be had whole
        self._tries: dict[Key, int] = {}
        self._stale: dict[Key, int] = {}  # asked for again: how much has come since that was meant before
        self._oldest: dict[Key, int] = {}
        self._dropped: dict[Key, int] = {}
        self._acked: dict[Key, int] = {}
        self._on_record = threading.Lock()  # a gap is on record before anything behind it is acknowledged
        self._over = threading.Event()
        self._helper: threading.Thread | None = None

    def wanted(self, *, packets: bool) -> list[dict[str, object]]:
        """Return every stream and the byte from which on it is wanted, as ``ship`` takes it.

        Without ``packets`` only what the tools say: whether they listen, and why not.
        """
        streams: list[dict[str, object]] = []
        for (channel, stream), arrival in self._arrivals.items():
            if packets and channel not in self.broken:
                # One byte again where a segment was not checked: its hash follows the byte that completes it.
                again = arrival.held > arrival.marked
                streams.append({"channel": channel, "stream": stream, "from": arrival.held - again})
        said = [{"channel": c, "stream": "said", "from": point.said_held} for c, point in self._points.items()]
        return said + streams

    def learn(self, point: PointCapture, entry: Mapping[str, Any], *, first: bool) -> None:
        """Take what the node says of a point's streams; ``first`` of this connection."""
        streams = entry.get("streams")
        point.header = _header(entry) or point.header
        for stream in ("data", "text"):
            key = (point.run.channel, stream)
            found = streams.get(stream) if isinstance(streams, dict) else None
            arrival = self._arrivals.get(key)
            if not isinstance(found, dict) or arrival is None:
                continue
            self._oldest[key], self._dropped[key] = _count(found, "oldest"), _count(found, "dropped")
            if stream == "data":
                point.written, point.dropped_there = _count(found, "written"), _count(found, "dropped")
                point.oldest = _count(found, "oldest")
            if first:
                self._stale.pop(key, None)
                self._acked[key] = _count(found, "acked")  # what we said last may never have arrived
                if arrival.left_over:
                    arrival.take_up(_count(found, "acked"))

    def take(self, point: PointCapture, piece: Piece, mode: str) -> bool:
        """Keep a piece; True where everything has to be asked for again. OSError where our disk is full."""
        key = (point.run.channel, piece.stream)
        if piece.stream == "said":
            point.hear(piece.data, piece.offset)
            return False
        arrival = self._arrivals.get(key)
        if arrival is None or point.run.channel in self.broken:
            return False
        if piece.offset > arrival.held:
            missing = self._oldest.get(key, 0) == piece.offset or key not in self._stale
            if not (missing and (mode != "keep" or self._dropped.get(key))):
                return self._out_of_place(point, key, len(piece.data))
            with self._on_record:
                point.skip(piece.offset) if piece.stream == "data" else arrival.skip(piece.offset)
                self._gap()
        elif piece.offset + len(piece.data) > arrival.held:
            self._stale.pop(key, None)
        point.take(piece.data, piece.offset) if piece.stream == "data" else point.take_text(piece.data, piece.offset)
        return False

    def check(self, point: PointCapture, report: Mapping[str, Any]) -> bool:
        """Compare a segment with the node's own hash; True where everything has to be asked for again."""
        key = (point.run.channel, str(report.get("stream")))
        arrival = self._arrivals.get(key)
        if arrival is None or key in self._stale or point.run.channel in self.broken:
            return False
        try:
            if arrival.check(_count(report, "start"), _count(report, "length"), str(report.get("sha256"))):
                self._tries.pop(key, None)
                return False
        except OutOfPlace:
            return self._again(point, key)
        if isinstance(arrival.file, Unkept):
            self._break(point, "came damaged, and was passed on already")
            return False
        return self._again(point, key)

    def _out_of_place(self, point: PointCapture, key: Key, length: int) -> bool:
        """A piece from further on: what was under way when something was asked for again, else a fault."""
        if key not in self._stale:
            return self._again(point, key)
        self._stale[key] += length
        return self._stale[key] > MAX_STALE and self._again(point, key)

    def _again(self, point: PointCapture, key: Key) -> bool:
        self._tries[key] = self._tries.get(key, 0) + 1
        self._stale[key] = 0
        if self._tries[key] < TRIES:
            return True
        self._break(point, f"came damaged or out of place {TRIES} times")
        return True

    def lose(self, point: PointCapture, why: str) -> None:
        """The node cannot read what it has of a point any more."""
        self._break(point, f"cannot be read on the node ({why})")

    def _break(self, point: PointCapture, what: str) -> None:
        self.broken.add(point.run.channel)
        point.fail(f"{point.run.point}: a segment of its packets {what}; what was checked before is kept")

    def complete(self, point: PointCapture) -> bool:
        """Tell whether all that the ended tool wrote is here and was checked."""
        ends = point.exit.get("ends") if point.exit is not None else None
        if not isinstance(ends, dict):
            return True
        if point.said_held < _count(ends, "said"):
            return False
        for stream in ("data", "text"):
            arrival = self._arrivals.get((point.run.channel, stream))
            if arrival is not None and arrival.marked < _count(ends, stream):
                return False
        return True

    # -- on our disk -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to acknowledge what is on disk; twice is once."""
        if self._helper is None:
            self._helper = threading.Thread(target=self._run, name="acknowledge", daemon=True)
            self._helper.start()

    def _run(self) -> None:
        while not self._over.wait(ACK_EVERY_S):
            try:
                self.settle()
            except OSError as error:
                self._trouble(error)
                return

    def settle(self) -> None:
        """Put everything that was checked on disk and tell the node; OSError where the disk refuses."""
        streams: list[dict[str, object]] = []
        with self._on_record:
            safe = {key: arrival.marked for key, arrival in self._arrivals.items()}
        for (channel, stream), marked in safe.items():
            arrival = self._arrivals[channel, stream]
            if marked > self._acked.get((channel, stream), 0):
                if isinstance(arrival.file, ArrivingFile):
                    arrival.file.sync()
                self._acked[channel, stream] = marked
                streams.append({"channel": channel, "stream": stream, "upto": marked})
        if streams:
            self._acknowledge(streams)

    def close(self) -> None:
        """End the helper: nothing is acknowledged any more."""
        self._over.set()
        if self._helper is not None:
            self._helper.join()


def _header(entry: Mapping[str, Any]) -> bytes:
    with contextlib.suppress(binascii.Error, ValueError):
        return base64.b64decode(str(entry.get("header") or ""), validate=True)
    return b""


def _count(report: Mapping[str, Any], key: str) -> int:
    value = report.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
