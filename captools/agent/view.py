"""A capture as the channel process sees it: through its keeper, or, where that is dead, through the files it left.

A keeper that was killed has left whole files and a state.json that may be a moment old: what it does not list is
read from the disk itself.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import select
import time
from typing import Any, Dict, List, Optional, Tuple

from captools.agent import places
from captools.agent.daemon import connect
from captools.agent.frames import STREAMS
from captools.agent.lines import Line
from captools.agent.places import Refused
from captools.agent.points import NO_COUNTS
from captools.agent.spool import load
from captools.agent.stream import file_name

Key = Tuple[int, str]  # channel, stream
ANSWER_TIMEOUT_S = 5.0
_SEGMENT = re.compile(r"(\d{1,5})-(%s)-(\d{15,20})\.seg" % "|".join(STREAMS))


class View:
    """One capture; Refused (code "unknown") where it is not on this node. ``close`` gives its descriptors back."""

    def __init__(self, capture: object, folder: Optional[str] = None) -> None:
        self.capture = places.check_id(capture)
        self.base = folder
        self.folder, self.path = places.find(self.capture, folder)
        connection = connect(self.folder)
        self.line = Line(connection) if connection is not None else None
        self.state: Dict[str, Any] = {}
        self.words: Dict[str, Any] = {}
        self.segments: Dict[Key, Dict[int, Dict[str, Any]]] = {}
        self.open_start: Dict[Key, int] = {}  # where the unfinished segment of a stream begins
        if self.line is None:
            try:
                self.read_disk()
            except OSError:
                os.close(self.folder)
                raise

    @property
    def alive(self) -> bool:
        """True while its keeper runs."""
        return self.line is not None

    def close(self) -> None:
        """Give the descriptors back."""
        if self.line is not None:
            self.line.close()
        self.line = None
        os.close(self.folder)

    def ask(self, do: str, **details: Any) -> Dict[str, Any]:
        """Send a request to the keeper and wait for its one answer; Refused with what the keeper refuses."""
        if self.line is None:
            raise Refused("the keeper of %s is dead" % self.capture)
        self.line.send(dict(details, do=do))
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while self.line.open:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Refused("the keeper of %s did not answer within %.0f s" % (self.capture, ANSWER_TIMEOUT_S))
            select.select([self.line], [self.line] if self.line.unsent else [], [], left)
            self.line.flush()
            for event in self.line.receive():
                if event.get("event") == "oops":
                    raise Refused(str(event.get("error")), str(event.get("code")))
                return event
        return {"event": "removed"}

    # -- what is there -------------------------------------------------------------------------------------

    def learn(self, state: Dict[str, Any]) -> None:
        """Take how things stand; forget segments that are gone."""
        self.state = state
        self.words = state.get("words", self.words)
        for point in state["points"]:
            for name, stream in point["streams"].items():
                key = (point["channel"], name)
                known = self.segments.setdefault(key, {})
                for start in [start for start, one in known.items() if start + one["length"] <= stream["oldest"]]:
                    del known[start]
                self.open_start[key] = max(self.open_start.get(key, 0), stream["oldest"])

    def add(self, segments: List[List[Any]]) -> None:
        """Take finished segments."""
        for channel, name, one in segments:
            key = (channel, name)
            self.segments.setdefault(key, {})[one["start"]] = one
            self.open_start[key] = max(self.open_start.get(key, 0), one["start"] + one["length"])

    def read_disk(self) -> None:
        """The keeper is dead: what lies in the folder is all there will ever be. OSError where that was removed."""
        if self.line is not None:
            self.line.close()
            self.line = None
        if not os.fstat(self.folder).st_nlink:
            raise FileNotFoundError(errno.ENOENT, "the spool was removed", self.path)
        kept = load(self.folder)
        self.words = kept.get("words") or {}
        listed = {(c, name, one["start"]): one for c, name, one in kept.get("segments", [])}
        self.segments = {}
        for file in sorted(os.listdir(self.folder)):
            found = _SEGMENT.fullmatch(file)
            if found is None:
                continue
            channel, name, start = int(found[1]), found[2], int(found[3])
            one = listed.get((channel, name, start))
            size, sha256 = _measure(self.folder, file, None if one is None else one["length"])
            if one is None or size != one["length"]:
                one = {"start": start, "length": size, "sha256": sha256, "first_ns": 0, "last_ns": 0, "written": 0.0}
            if size:
                self.segments.setdefault((channel, name), {})[start] = one
        self.open_start = {}
        self.state = self._last_state(kept.get("state") or {})

    def _last_state(self, state: Dict[str, Any]) -> Dict[str, Any]:
        """Return the last STATE of a dead keeper, corrected by what is on the disk."""
        points = {point["channel"]: point for point in state.get("points", [])}
        for channel, _ in self.segments:
            points.setdefault(
                channel, {"channel": channel, "ready_ns": 0, "exit": None, "counts": NO_COUNTS, "header": ""}
            )
        stopped_ns = int(os.fstat(self.folder).st_mtime * 1e9)
        for channel, point in points.items():
            streams = point.setdefault("streams", {})
            for name in STREAMS:
                stream = streams.setdefault(
                    name, {"written": 0, "oldest": 0, "acked": 0, "dropped": 0, "cut": "anywhere"}
                )
                segments = self.segments.get((channel, name), {})
                ends = [one["start"] + one["length"] for one in segments.values()]
                stream["written"] = max([stream["written"], *ends])
                stream["oldest"] = min(segments) if segments else stream["written"]
                self.open_start[channel, name] = stream["written"]
            if point["exit"] is None:
                ends_by_name = {name: stream["written"] for name, stream in streams.items()}
                point["exit"] = {
                    "code": None, "time_ns": stopped_ns, "signalled_ns": 0, "caught_up_ns": 0, "ends": ends_by_name,
                }  # fmt: skip
        used = sum(one["length"] for known in self.segments.values() for one in known.values())
        free = places.room(self.folder)[0]
        spool = dict(state.get("spool") or {"limit": 0, "full_ns": 0}, used=used, free=free, full="")
        defaults = {"mode": "keep", "started_ns": 0, "stopping": "", "duration_s": None, "lease_s": None,
                    "linger_s": None, "until": None, "notes": []}  # fmt: skip
        return dict(
            defaults, **dict(
                state, capture=self.capture, keeper="dead", pid=0, dir=self.path, time_ns=time.time_ns(),
                stopped_ns=state.get("stopped_ns") or stopped_ns, spool=spool,
                points=[points[channel] for channel in sorted(points)],
            )
        )  # fmt: skip

    def ack(self, streams: List[Dict[str, Any]]) -> None:
        """Delete what is safe at home, where no keeper does it."""
        for one in streams:
            key = (int(one["channel"]), str(one["stream"]))
            for start, segment in list(self.segments.get(key, {}).items()):
                if start + segment["length"] <= int(one["upto"]):
                    with contextlib.suppress(OSError):
                        os.unlink(file_name(key[0], key[1], start), dir_fd=self.folder)
                    del self.segments[key][start]


def _measure(folder: int, file: str, expected: Optional[int]) -> Tuple[int, str]:
    """Return size and sha256 of a file; no sha256 where the size is the expected one."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        size = os.fstat(descriptor).st_size
        if size == expected:
            return size, ""
        digest = hashlib.sha256()
        for offset in range(0, size, 1 << 20):
            digest.update(os.pread(descriptor, 1 << 20, offset))
        return size, digest.hexdigest()
    finally:
        os.close(descriptor)
