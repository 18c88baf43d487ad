"""A capture's spool: the streams of all its tools, what they may take, and what happens when that is used up.

"keep": nothing more is read from the tools, so pressure reaches the kernel, which counts what it drops.
"drop" and "ring": the oldest segment of all streams goes. Some of the disk always stays free.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import Any, Dict, List, Optional, Tuple, Union

from captools.agent import frames
from captools.agent.borders import Lines, Records
from captools.agent.places import LEAST_ROOM, room
from captools.agent.stream import CREATE, Segment, Stream

SPOOL_BYTES = 1024 * 1024 * 1024
SEGMENT_BYTES = 16 * 1024 * 1024
LEAST_SEGMENT = 64 * 1024
RING_PARTS = 32
LONGEST_SEGMENT_S = 10.0
LOOK_EVERY_S = 0.25  # at the free space
MOST_SAID = 16 * 1024 * 1024  # of one tool's stderr; it is not bounded otherwise
STATE = "state.json"


class Spool:
    """All streams of one capture. ``wishes`` as places.document returns them."""

    def __init__(self, folder: int, path: str, wishes: Dict[str, Any], channels: List[int]) -> None:
        self.folder = folder
        self.path = path
        self.notes: List[str] = []
        self.keep_s: Optional[float] = wishes.get("keep_s")
        asked = int(wishes.get("ring_bytes") or wishes.get("bytes") or SPOOL_BYTES)
        free, self._kept_free = room(folder)
        self.limit = max(LEAST_ROOM, min(asked, (free - self._kept_free) // 2))
        if self.limit < asked and (wishes.get("ring_bytes") or wishes.get("bytes")):
            self.notes.append(
                "%s: %d MiB were asked for, %d MiB are used: half of what is free there"
                % (path, asked >> 20, self.limit >> 20)
            )
        ring = bool(wishes.get("ring_bytes") or self.keep_s)
        self.mode = "ring" if ring else str(wishes.get("full") or "keep")
        # Many small segments where old ones are dropped, so that what is left is near what was asked for.
        share = self.limit // ((RING_PARTS if self.mode != "keep" else 4) * max(1, len(channels)))
        most = int(wishes.get("segment_bytes") or SEGMENT_BYTES)
        self.segment_bytes = min(most, max(LEAST_SEGMENT, share))
        self._segment_s = min(LONGEST_SEGMENT_S, self.keep_s / RING_PARTS) if self.keep_s else LONGEST_SEGMENT_S
        self.streams: Dict[Tuple[int, str], Stream] = {}
        for channel in channels:
            for name in frames.STREAMS:
                self.streams[channel, name] = self._stream(channel, name)
        self._free = free
        self._looked = 0.0

    def _stream(self, channel: int, name: str) -> Stream:
        borders: Union[Records, Lines, None] = None
        if self.mode != "keep" and name != "said":
            borders = Records() if name == "data" else Lines()
        return Stream(self.folder, channel, name, self.segment_bytes, borders)

    # -- how it stands -----------------------------------------------------------------------------------

    @property
    def used(self) -> int:
        """Bytes on the disk."""
        return sum(stream.used for stream in self.streams.values())

    @property
    def written(self) -> int:
        """Bytes that ever came, for noticing that there are more."""
        return sum(stream.written for stream in self.streams.values())

    def free(self) -> int:
        """Bytes that are free on the disk, looked at a few times a second."""
        now = time.monotonic()
        if now - self._looked > LOOK_EVERY_S:
            self._looked = now
            self._free = room(self.folder)[0]
        return self._free

    def full(self) -> str:
        """Say why nothing more can be kept right now: "limit", "space", or the empty string."""
        if self.used >= self.limit:
            return "limit"
        blocked = any(stream.blocked for stream in self.streams.values())
        return "space" if blocked or self.free() <= self._kept_free else ""

    # -- room --------------------------------------------------------------------------------------------

    def make_room(self) -> str:
        """Write what waits, drop what is old where that was asked for; return why it is full all the same."""
        for stream in self.streams.values():
            if stream.blocked:
                stream.retry()
        if self.mode != "keep":
            why = self.full()
            while why and self._drop_oldest():
                self._looked = 0.0
                for stream in self.streams.values():
                    if stream.blocked:
                        stream.retry()
                why = self.full()
        why = self.full()
        if why:
            # What is finished can be checked and acknowledged at home, and then goes.
            self.seal()
        return why

    def _drop_oldest(self) -> bool:
        holding = [stream for stream in self.streams.values() if stream.segments and stream.name != "said"]
        if not holding:
            whole = [stream for stream in self.streams.values() if stream.name != "said" and not stream.blocked]
            largest = max(whole, key=lambda stream: stream.used, default=None)
            if largest is None or largest.open_since is None:
                return False
            largest.seal()
            return True
        oldest = min(holding, key=lambda stream: stream.segments[0].written)
        return oldest.drop_oldest() > 0

    def age(self) -> None:
        """In ring mode: finish segments that are old enough, and drop those older than what is kept."""
        now = time.monotonic()
        if self.mode != "ring":
            return
        for stream in self.streams.values():
            since = stream.open_since
            if since is not None and now - since >= self._segment_s:
                stream.seal()
            while self.keep_s and stream.segments and now - stream.segments[0].written > self.keep_s:
                stream.drop_oldest()

    def seal(self) -> None:
        """Finish every open segment that can be finished."""
        for stream in self.streams.values():
            stream.seal()

    def sealed(self) -> List[Tuple[Stream, Segment]]:
        """Return the segments that were finished since this was last asked."""
        found = []
        for stream in self.streams.values():
            found += [(stream, segment) for segment in stream.just_sealed]
            stream.just_sealed = []
        return found

    def news(self) -> List[str]:
        """Return notes that came up in a stream since this was last asked."""
        found = [stream.note for stream in self.streams.values() if stream.note]
        for stream in self.streams.values():
            stream.note = ""
        self.notes += found
        return found

    def save(self, document: Dict[str, Any]) -> bool:
        """Replace state.json in one step; False where the disk has no room for it (the old one stays)."""
        with contextlib.suppress(OSError):
            os.unlink(STATE + ".new", dir_fd=self.folder)
        try:
            file = os.open(STATE + ".new", CREATE, 0o600, dir_fd=self.folder)
            with os.fdopen(file, "w") as out:
                json.dump(document, out)
            os.rename(STATE + ".new", STATE, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        except OSError:
            return False
        return True


def load(folder: int) -> Dict[str, Any]:
    """Return what state.json says; an empty dictionary where it is not there or cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        file = os.open(STATE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(file, "r") as text:
            found = json.load(text)
        if isinstance(found, dict):
            return found
    return {}
