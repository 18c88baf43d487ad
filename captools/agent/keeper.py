"""The keeper: a process of its own per capture that owns the tools and their spool, whoever comes and goes.

One loop, no threads. It reads the tools' pipes and writes segments; controllers come and go through door.py.
It ends once its spool was taken home and removed, or when nobody came for it. Waiting goes by CLOCK_MONOTONIC throughout.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
import traceback
from typing import Any, Dict, List, Optional

from captools.agent import places
from captools.agent.door import Door
from captools.agent.ending import Ending
from captools.agent.order import Order
from captools.agent.points import PointState
from captools.agent.pressure import LET_GO, Pressure
from captools.agent.spool import MOST_SAID, Spool
from captools.agent.tool import Tool, start
from captools.agent.warden import Warden

# Bytes that were just read are still in the processor's cache when they are hashed and written: with 1 MiB at a
# time the same work takes half as long again, and any pause to let more pile up loses packets on a busy machine.
READ_BYTES = 128 * 1024
TICK_S = 0.02
TELL_EVERY_S = 1.0
SAVE_EVERY_S = 0.5
SETTLE_S = 10.0  # a duration counts from when every tool listens, or from here
FETCHED_LINGER_S = 600.0


class Keeper:
    """The loop. ``folder`` is the spool's descriptor, ``listener`` the socket in it."""

    def __init__(self, order: Order, folder: int, path: str, listener: socket.socket) -> None:
        self.order = order
        self.spool = Spool(folder, path, order.spool, [spec["channel"] for spec in order.tools])
        self.selector = selectors.DefaultSelector()
        self.warden = Warden()
        self.ending = Ending()
        self.points: Dict[int, PointState] = {}
        self.lease_s = order.lease_s
        self.started_ns = time.time_ns()
        self.stopped_ns = 0
        self.removed = False
        self.pressure = Pressure(self.spool, self.selector, self.points)
        self.heard = self._begun = self._told = time.monotonic()
        self._stopped: Optional[float] = None
        self._settled: Optional[float] = None
        self._saved = self._ticked = 0.0
        self.changed = True
        self._buffer = bytearray(READ_BYTES)
        self.door = Door(self, listener)

    # -- the loop ----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Start the tools and serve until the spool is gone."""
        for spec in self.order.tools:
            self._start(spec)
        while not self.removed:
            count = 0
            for key, mask in self.selector.select(self._timeout()):
                if isinstance(key.data, Tool):
                    count += self._read(key.data, key.fd)
                else:
                    self.door.serve(key, mask)
            now = time.monotonic()
            if not count or now - self._ticked >= TICK_S:
                self._ticked = now
                self._tick(now)
        self.door.close()

    def _timeout(self) -> float:
        """How long the loop may sleep: signals and ended processes wake nobody up."""
        if self._stopped is None and (
            self.ending.reason or any(point.tool and not point.tool.pipes for point in self.points.values())
        ):
            return 0.02
        if self.door.owing:
            return 0.02
        return 0.1 if self.pressure.paused or self.ending.due is not None else 0.25

    def _start(self, spec: Dict[str, Any]) -> None:
        tool, reason = start(spec)
        point = self.points[spec["channel"]] = PointState(spec["channel"], tool)
        if tool is None:
            point.refused(self.spool, reason)
            self.door.exit(point)
            return
        self.warden.add(tool.process.pid)
        for descriptor in tool.pipes:
            self.selector.register(descriptor, selectors.EVENT_READ, tool)

    def _read(self, tool: Tool, descriptor: int) -> int:
        """Take what a tool has written; return how much it was."""
        if descriptor not in tool.pipes:
            return 0
        name = tool.pipes[descriptor]
        if self.pressure.paused and name != "said":
            return 0  # an event from before the pause
        stream = self.spool.streams[tool.channel, name]
        try:
            count = os.readv(descriptor, [self._buffer])
        except BlockingIOError:
            return 0
        except OSError:
            count = 0
        if not count:
            self.selector.unregister(descriptor)
            tool.close(descriptor)
            return 0
        data = memoryview(self._buffer)[:count]
        tool.quiet_since = now = time.monotonic()
        if name == "data":
            tool.gave = now
        words = b"" if name == "data" else bytes(data)
        if name == "said":
            tool.note_counts(words)
        # Words are read also while nothing else is, so they must not pile up in memory.
        if self.pressure.discarding or (name == "said" and stream.written + stream.waiting > MOST_SAID):
            stream.dropped += count
        else:
            stream.write(data)
        if tool.became_ready(name, words):
            point = self.points[tool.channel]
            point.ready_ns = time.time_ns()
            self.changed = True
            self.door.ready(point)
        if name == "data" and self.order.watch is not None:
            self._look(tool.channel, data)
        if name != "said" and (stream.blocked or self.spool.full()):
            self.changed = self.pressure.balance() or self.changed
        if stream.just_sealed:
            self.door.sealed(self.spool.sealed())
        self.door.more()
        return count

    def _look(self, channel: int, data: memoryview) -> None:
        watch = self.order.watch
        assert watch is not None
        if watch.look(channel, data) and watch.found is not None:
            watch.found["time_ns"] = time.time_ns()
            self.stop("until", watch.after_s)
        elif watch.note and watch.note not in self.spool.notes:
            self.note(watch.note)

    # -- time --------------------------------------------------------------------------------------------

    def _tick(self, now: float) -> None:
        self.spool.age()
        self.door.more()
        if self.pressure.needed():
            self.changed = self.pressure.balance() or self.changed
        if self.ending.reason and self.pressure.give_up(attached=bool(self.door.attached)):
            self.note(LET_GO)
        self._look_at_the_clock(now)
        self.ending.tick([point.tool for point in self.points.values() if point.tool], self.pressure.paused)
        for point in self.points.values():
            tool = point.tool
            if tool is not None and tool.forbidden and tool.pipes:
                self._cut_off(tool)
            if tool is not None and point.ended(self.spool):
                self.warden.remove(tool.process.pid)
                self.door.sealed(self.spool.sealed())
                self.door.exit(point)
                self.changed = True
        if self._stopped is None and all(point.exit for point in self.points.values()):
            self._stopped, self.stopped_ns, self.changed = now, time.time_ns(), True
        sealed = self.spool.sealed()
        self.door.sealed(sealed)
        if self.spool.news() or self.changed or now - self._told >= TELL_EVERY_S:
            self._told = now
            if not os.fstat(self.spool.folder).st_nlink:
                # Somebody deleted the folder: nobody would ever find this capture again.
                self.remove()
                return
            self.door.state(self.document())
            self._save(now, urgent=self.changed)
            self.changed = False
        elif sealed:
            self._save(now)
        if self._stopped is not None:
            self._linger(now)

    def _cut_off(self, tool: Tool) -> None:
        """It may not be signalled: what it gave so far is kept, and its next write ends it."""
        for descriptor, name in list(tool.pipes.items()):
            if name == "said" or not self.pressure.paused:
                self.selector.unregister(descriptor)
            tool.close(descriptor)
        self.note("channel %d: no right to signal the tool (CAP_KILL), so its last packets are missing" % tool.channel)

    def _look_at_the_clock(self, now: float) -> None:
        if self.ending.reason or self._stopped is not None:
            return
        if self._settled is None and (
            now - self._begun > SETTLE_S or all(point.settled for point in self.points.values())
        ):
            self._settled = now
        duration_s = self.order.duration_s
        if duration_s is not None and self._settled is not None and now - self._settled >= duration_s:
            self.stop("duration")
        elif self.lease_s is not None and now - self.heard >= self.lease_s:
            self.note("stopped by itself: its controller was not heard of for %.0f s" % (now - self.heard))
            self.stop("lease")

    def _linger(self, now: float) -> None:
        assert self._stopped is not None
        home = all(stream.acked >= stream.written for stream in self.spool.streams.values())
        wait_s = min(FETCHED_LINGER_S, self.order.linger_s) if home else self.order.linger_s
        if now - max(self._stopped, self.heard) >= wait_s:
            self.remove()

    # -- what the door may do ------------------------------------------------------------------------------

    def stop(self, reason: str, wait_s: Optional[float] = None) -> None:
        """End the tools; the spool stays."""
        if self._stopped is not None:
            return
        first = self.ending.begin(reason) if wait_s is None else self.ending.begin(reason, wait_s)
        self.changed = self.changed or first

    def note(self, sentence: str) -> None:
        """Keep a sentence for people."""
        self.spool.notes.append(sentence)
        self.changed = True

    def remove(self) -> None:
        """Take the spool away and end. Tools that still run are ended at once (the warden helps)."""
        for point in self.points.values():
            if point.tool is not None:
                point.tool.signal(signal.SIGKILL)
        places.take_away(self.order.capture, self.order.folder)
        self.removed = True

    def document(self) -> Dict[str, Any]:
        """Return STATE."""
        spool, watch = self.spool, self.order.watch
        return {
            "capture": self.order.capture,
            "keeper": "alive",
            "pid": os.getpid(),
            "dir": spool.path,
            "mode": spool.mode,
            "time_ns": time.time_ns(),
            "started_ns": self.started_ns,
            "stopped_ns": self.stopped_ns,
            "stopping": self.ending.reason,
            "duration_s": self.order.duration_s,
            "lease_s": self.lease_s,
            "linger_s": self.order.linger_s,
            "spool": {
                "used": spool.used,
                "limit": spool.limit,
                "free": spool.free(),
                "full": self.pressure.full,
                "full_ns": int(self.pressure.full_s * 1e9),
            },
            "until": watch.found if watch is not None else None,
            "notes": list(spool.notes),
            "points": [point.document(spool) for point in self.points.values()],
        }

    def segments(self) -> List[List[Any]]:
        """Return every finished segment: channel, stream, and what Segment.document says."""
        return [
            [stream.channel, stream.name, segment.document()]
            for stream in self.spool.streams.values()
            for segment in stream.segments
        ]

    def _save(self, now: float, urgent: bool = False) -> None:
        if urgent or now - self._saved >= SAVE_EVERY_S:
            self._saved = now
            self.spool.save({"state": self.document(), "words": self.order.words, "segments": self.segments()})


def serve(order: Order, folder: int, path: str, listener: socket.socket) -> None:
    """Be the keeper. Whatever goes wrong is written into the spool's state, and the warden ends the tools."""
    os.umask(0o077)
    keeper = Keeper(order, folder, path, listener)
    # Handlers, not SIG_IGN: ignored signals would stay ignored in the tools, which end by SIGINT.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGALRM):
        signal.signal(number, lambda number, frame: None)
    signal.signal(signal.SIGTERM, lambda number, frame: keeper.stop("signal"))
    try:
        keeper.run()
    except Exception:
        keeper.note("the keeper failed: " + traceback.format_exc()[-2000:])
        keeper.spool.save({"state": keeper.document(), "words": order.words, "segments": keeper.segments()})
        raise
