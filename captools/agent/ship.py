"""Shipping: bytes of a capture's streams, from any offset on, fairly among the streams, within a limit."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Tuple

from captools.agent import frames
from captools.agent.places import Refused
from captools.agent.squeeze import Squeeze
from captools.agent.stream import file_name
from captools.agent.view import Key, View

PIECE_BYTES = frames.MAX_RAW  # takes half the processor's time of 256 KiB
LIMITED_PIECE = 256 * 1024
LEAST_PIECE = 16 * 1024
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class Pin:
    """A segment held for a snapshot: its descriptor outlives its file. ``segment`` is None for an unfinished one."""

    def __init__(self, descriptor: int, segment: Optional[Dict[str, Any]]) -> None:
        self.descriptor = descriptor
        self.segment = segment


Pins = Dict[Tuple[Key, int], Pin]  # by stream and start of the segment


class LaneLost(Exception):
    """One stream cannot be shipped any further; the others go on."""

    def __init__(self, key: Key, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key


class Lane:
    """One stream on its way: where it is, and the segment it reads."""

    def __init__(self, key: Key, position: int, to: Optional[int]) -> None:
        self.key = key
        self.position = position
        self.to = to
        self._file: Optional[int] = None
        self._start = 0
        self._segment: Optional[Dict[str, Any]] = None  # what is known of it, even when it was dropped since

    def close(self) -> None:
        """Give the descriptor back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def read(self, view: View, pins: Pins, most: int) -> Tuple[bytes, Optional[Dict[str, Any]]]:
        """Return the next bytes (none: wait), and the segment that they finish, if they do."""
        if self.to is not None and self.position >= self.to:
            return b"", None
        if self._file is None and not self._open(view, pins):
            return b"", None
        assert self._file is not None
        segment = self._segment = self._segment or view.segments.get(self.key, {}).get(self._start)
        inside = self.position - self._start
        most = most if self.to is None else min(most, self.to - self.position)
        if segment is not None:
            most = min(most, segment["length"] - inside)
        data = os.pread(self._file, most, inside) if most > 0 else b""
        if not data and segment is None and view.open_start.get(self.key, 0) > self._start:
            self.close()  # it was dropped before it was known to be whole: go on behind it
            return self.read(view, pins, most)
        self.position += len(data)
        done = segment if segment is not None and self.position >= self._start + segment["length"] else None
        if done is not None:
            self.close()
        elif segment is not None and not data and most > 0:
            raise Refused("%s is shorter than it was" % file_name(*self.key, self._start))
        return data, done

    def _open(self, view: View, pins: Pins) -> bool:
        """Open the segment that holds the position, or the first one behind it where that was dropped."""
        self._segment = None
        if self.to is not None and self._open_pinned(pins):
            return True
        known = view.segments.get(self.key, {})
        later = sorted(start for start, one in known.items() if start + one["length"] > self.position)
        for start in [*later, view.open_start.get(self.key, 0)]:
            try:
                self._file = os.open(file_name(*self.key, start), READ, dir_fd=view.folder)
            except FileNotFoundError:
                known.pop(start, None)
                continue
            self._start = start
            self.position = max(self.position, start)
            return True
        return False

    def _open_pinned(self, pins: Pins) -> bool:
        """Open the segment a snapshot holds at the position, if one does."""
        for (key, start), pin in pins.items():
            if key == self.key and start <= self.position < start + os.fstat(pin.descriptor).st_size:
                self._file, self._start, self._segment = os.dup(pin.descriptor), start, pin.segment
                return True
        return False


class Bucket:
    """A limit in bytes per second; None: no limit."""

    def __init__(self, rate: Optional[float]) -> None:
        self.rate = rate
        self._have = 0.0
        self._at = time.monotonic()

    def take(self, count: int) -> None:
        """Use ``count`` bytes, ahead of time if need be."""
        self._have -= count

    def wait_s(self) -> float:
        """Return how long nothing may be sent; 0 where something may."""
        if not self.rate:
            return 0.0
        now = time.monotonic()
        # Half a second may be caught up on, not more: a limit is a limit.
        self._have = min(self.rate / 2, self._have + (now - self._at) * self.rate)
        self._at = now
        return 0.0 if self._have > 0 else (1.0 - self._have) / self.rate


class Shipper:
    """What one ship command asked for."""

    def __init__(self, view: View, command: Dict[str, Any], pins: Pins) -> None:
        self.view = view
        self.pins = pins
        mode = command.get("compress") or "auto"
        if mode not in ("auto", "never", "always"):
            raise Refused("ship: compress %r is neither auto, never nor always" % (mode,), "bad-command")
        self.squeeze = Squeeze(mode)
        limit = command.get("limit_bps")
        if limit is not None and (not isinstance(limit, (int, float)) or limit <= 0):
            raise Refused("ship: limit %r is no number of bytes per second" % (limit,), "bad-command")
        self.bucket = Bucket(limit)
        self.piece = PIECE_BYTES if not limit else int(min(LIMITED_PIECE, max(LEAST_PIECE, limit / 8)))
        self.large_piece = frames.MAX_RAW if not limit else int(min(frames.MAX_RAW, 4 * self.piece))
        lanes = [_lane(one) for one in command["streams"]]
        # What tools say and text beside packets are small; they need not wait behind packets.
        self.lanes: Deque[Lane] = deque(sorted(lanes, key=lambda lane: -frames.STREAMS.index(lane.key[1])))
        self.hungry = False  # everything that is there has been read

    def close(self) -> None:
        """Give the descriptors back."""
        for lane in self.lanes:
            lane.close()

    def next(self) -> List[bytes]:
        """Return the next pieces to send, frames whole when joined; empty where nothing is there or may be sent."""
        if self.bucket.wait_s() > 0:
            if self.bucket.rate:
                self.squeeze.rate = float(self.bucket.rate)
            return []
        most = self.large_piece if self.squeeze.large else self.piece
        for _ in range(len(self.lanes)):
            lane = self.lanes[0]
            self.lanes.rotate(-1)
            before = lane.position
            try:
                data, done = lane.read(self.view, self.pins, most)
            except (Refused, OSError) as error:
                lane.close()
                self.lanes.remove(lane)
                raise LaneLost(lane.key, str(error)) from error
            pieces = self._data(lane, data, most) if data else []
            if done is not None:
                report = {name: done[name] for name in ("start", "length", "sha256")}
                pieces.append(frames.pack_json(frames.SEGMENT, lane.key[0], dict(report, stream=lane.key[1])))
            if pieces:
                self.bucket.take(sum(map(len, pieces)))
                return pieces
            if lane.position != before:  # it jumped over what was dropped
                continue
        self.hungry = True
        return []

    def _data(self, lane: Lane, data: bytes, most: int) -> List[bytes]:
        codec, packed = self.squeeze.pack(data, piled=len(data) == most)
        channel, stream = lane.key
        offset = lane.position - len(data)
        return [frames.data_header(channel, stream, codec, offset, len(data), len(packed)), packed]


def _lane(one: Dict[str, Any]) -> Lane:
    channel, stream, position, to = one.get("channel"), one.get("stream"), one.get("from", 0), one.get("to")
    right = isinstance(channel, int) and stream in frames.STREAMS and isinstance(position, int) and position >= 0
    if not right or not (to is None or isinstance(to, int)):
        raise Refused("ship: %r is no stream" % (one,), "bad-command")
    assert isinstance(channel, int) and isinstance(stream, str) and isinstance(position, int)
    return Lane((channel, stream), position, to)
