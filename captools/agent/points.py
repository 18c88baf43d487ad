"""The points of a running capture: each tool with how far it is, in the words of STATE."""

from __future__ import annotations

import time
from typing import Any, Dict, Optional

from captools.agent.borders import FILE_HEADER
from captools.agent.frames import STREAMS
from captools.agent.order import base64_text
from captools.agent.spool import Spool
from captools.agent.stream import Stream
from captools.agent.tool import Tool

NO_COUNTS = {"captured": None, "received": None, "dropped": None}


class PointState:
    """One tool: None where it could not be started, and after its end."""

    def __init__(self, channel: int, tool: Optional[Tool]) -> None:
        self.channel = channel
        self.tool = tool
        self.ready_ns = 0
        self.exit: Optional[Dict[str, Any]] = None
        self.counts: Dict[str, Optional[int]] = dict(NO_COUNTS)

    @property
    def settled(self) -> bool:
        """True once it listens or has ended."""
        return bool(self.ready_ns) or self.exit is not None

    def refused(self, spool: Spool, reason: str) -> None:
        """It could not be started."""
        said = spool.streams[self.channel, "said"]
        said.write(reason.encode("utf-8", "replace"))
        self.exit = {"code": 127, "time_ns": time.time_ns(), "signalled_ns": 0, "caught_up_ns": 0}
        self._end(spool)

    def ended(self, spool: Spool) -> bool:
        """Finish its streams once the process has ended and its pipes are empty; tell whether that is done now."""
        tool = self.tool
        code = tool.finished() if tool is not None and self.exit is None else None
        if tool is None or code is None:
            return False
        for stream in self.streams(spool).values():
            stream.finish()
            if stream.blocked:
                return False  # no room yet: the exit is told when everything lies on the disk
        self.counts = tool.counts
        self.exit = {
            "code": code,
            "time_ns": time.time_ns(),
            "signalled_ns": tool.signalled_ns,
            "caught_up_ns": tool.caught_up_ns,
        }
        self._end(spool)
        return True

    def _end(self, spool: Spool) -> None:
        assert self.exit is not None
        ends = {}
        for name, stream in self.streams(spool).items():
            stream.finish()
            ends[name] = stream.written
        self.exit["ends"] = ends
        self.tool = None

    def streams(self, spool: Spool) -> Dict[str, Stream]:
        """Return its streams by name."""
        return {name: spool.streams[self.channel, name] for name in STREAMS}

    def document(self, spool: Spool) -> Dict[str, Any]:
        """Return its entry in STATE."""
        streams = self.streams(spool)
        header = streams["data"].header
        return {
            "channel": self.channel,
            "ready_ns": self.ready_ns,
            "exit": self.exit,
            "counts": self.tool.counts if self.tool is not None else self.counts,
            "header": base64_text(header) if len(header) == FILE_HEADER else "",
            "streams": {name: stream.document() for name, stream in streams.items()},
        }
