"""Where controllers come in: the keeper's socket, and what they may ask through it.

Only processes of the same user reach it (the folder is 0700). What an attached controller learns: every finished
segment, every tool that listens or has ended, how things stand once a second, and that there is more to read.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

from captools.agent.ending import STOP_WAIT_S
from captools.agent.frames import STREAMS
from captools.agent.lines import Line
from captools.agent.order import seconds
from captools.agent.places import Refused
from captools.agent.points import PointState
from captools.agent.stream import Segment, Stream

if TYPE_CHECKING:
    from captools.agent.keeper import Keeper

MORE_EVERY_S = 0.02


class Guest:
    """One connection. ``seen``: how many bytes of all streams it knew of when it asked for news (-1: did not)."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.attached = False
        self.seen = -1
        self.writing = False  # watched for writing


class Door:
    """All connections of one keeper."""

    def __init__(self, keeper: "Keeper", listener: socket.socket) -> None:
        self.keeper = keeper
        self.listener = listener
        self.guests: List[Guest] = []
        self._woken = 0.0
        listener.setblocking(False)
        keeper.selector.register(listener, selectors.EVENT_READ, None)

    @property
    def attached(self) -> int:
        """How many controllers are attached."""
        return sum(guest.attached for guest in self.guests)

    @property
    def owing(self) -> bool:
        """True where somebody waits for bytes that are there."""
        waiting = [guest.seen for guest in self.guests if guest.seen >= 0]
        return bool(waiting) and self.keeper.spool.written > min(waiting)

    def serve(self, key: selectors.SelectorKey, mask: int) -> None:
        """Let somebody in, or hear what a guest wants."""
        if key.data is None:
            with contextlib.suppress(OSError):
                connection, _ = self.listener.accept()
                guest = Guest(Line(connection))
                self.guests.append(guest)
                self.keeper.selector.register(guest.line, selectors.EVENT_READ, guest)
            return
        guest = key.data
        if mask & selectors.EVENT_WRITE:
            guest.line.flush()
        if mask & selectors.EVENT_READ:
            for request in guest.line.receive():
                self._obey(guest, request)
        self._tend()

    def _tend(self) -> None:
        """Let go who is gone; watch for writing who has not taken everything."""
        for guest in list(self.guests):
            if not guest.line.open:
                self.guests.remove(guest)
                self.keeper.selector.unregister(guest.line)
                guest.line.close()
            elif guest.line.unsent != guest.writing:
                guest.writing = guest.line.unsent
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if guest.writing else 0)
                self.keeper.selector.modify(guest.line, events, guest)

    def close(self) -> None:
        """Tell everybody that the capture is gone."""
        for guest in self.guests:
            guest.line.send({"event": "removed"})
            guest.line.close()
        self.listener.close()

    # -- requests ------------------------------------------------------------------------------------------

    def _obey(self, guest: Guest, request: Dict[str, Any]) -> None:
        do = request.get("do")
        action = getattr(self, "_do_%s" % do, None) if isinstance(do, str) else None
        try:
            if action is None:
                raise Refused("%r is no command" % (do,), "bad-command")
            if do not in ("state", "more"):  # somebody who lists captures is not this capture's controller
                self.keeper.heard = time.monotonic()
            action(guest, request)
        except Refused as error:
            guest.line.send({"event": "oops", "do": do, "error": str(error), "code": error.code})
        except (KeyError, TypeError, ValueError) as error:
            guest.line.send({"event": "oops", "do": do, "error": "%s: %s" % (do, error), "code": "bad-command"})

    def _do_attach(self, guest: Guest, request: Dict[str, Any]) -> None:
        if "lease_s" in request:
            self.keeper.lease_s = seconds(request["lease_s"], "lease_s")
        guest.attached = True
        self._do_flush(guest, request)
        guest.line.send({"event": "segments", "segments": self.keeper.segments()})
        document = dict(self.keeper.document(), first=True, words=self.keeper.order.words)
        guest.line.send({"event": "state", "state": document})
        for point in self.keeper.points.values():
            if point.ready_ns:
                guest.line.send(_ready(point))
            if point.exit is not None:
                guest.line.send(_exit(point))

    def _do_state(self, guest: Guest, request: Dict[str, Any]) -> None:
        document = dict(self.keeper.document(), words=self.keeper.order.words, attached=self.attached)
        guest.line.send({"event": "state", "state": document})

    def _do_segments(self, guest: Guest, request: Dict[str, Any]) -> None:
        """For a snapshot: what is in the open segments must be readable too."""
        if self.keeper.spool.mode != "keep":
            self.keeper.spool.seal()
            self.sealed(self.keeper.spool.sealed())
        answer = {"event": "segments", "segments": self.keeper.segments(), "state": self.keeper.document()}
        guest.line.send(dict(answer, now=time.monotonic()))

    def _do_more(self, guest: Guest, request: Dict[str, Any]) -> None:
        guest.seen = int(request["seen"])
        if self.keeper.spool.written > guest.seen:
            self._wake(guest)

    def _do_ack(self, guest: Guest, request: Dict[str, Any]) -> None:
        news = False
        for one in request["streams"]:
            name = one["stream"]
            stream = self.keeper.spool.streams.get((int(one["channel"]), name)) if name in STREAMS else None
            if stream is None:
                raise Refused("ack: there is no stream %s of channel %s" % (name, one["channel"]), "bad-command")
            news = stream.ack(int(one["upto"])) or news
        if news:
            self.keeper.pressure.relieved = time.monotonic()

    def _do_poll(self, guest: Guest, request: Dict[str, Any]) -> None:
        for point in self.keeper.points.values():
            if point.tool is not None:
                point.tool.ask_counts()

    def _do_flush(self, guest: Guest, request: Dict[str, Any]) -> None:
        for point in self.keeper.points.values():
            if point.tool is not None:
                point.tool.flush(time.monotonic())

    def _do_stop(self, guest: Guest, request: Dict[str, Any]) -> None:
        wait_s = seconds(request.get("wait_s"), "wait_s")
        self.keeper.stop("asked", STOP_WAIT_S if wait_s is None else wait_s)

    def _do_remove(self, guest: Guest, request: Dict[str, Any]) -> None:
        if any(point.tool for point in self.keeper.points.values()) and not request.get("force"):
            raise Refused("%s still captures; stop it first" % self.keeper.order.capture, "running")
        self.keeper.remove()

    # -- events --------------------------------------------------------------------------------------------

    def _tell(self, event: Dict[str, Any]) -> None:
        for guest in self.guests:
            if guest.attached:
                guest.line.send(event)

    def state(self, document: Dict[str, Any]) -> None:
        """Tell how things stand."""
        self._tell({"event": "state", "state": document})
        self._tend()

    def ready(self, point: PointState) -> None:
        """A tool listens."""
        self._tell(_ready(point))

    def exit(self, point: PointState) -> None:
        """A tool has ended, and all it wrote is in the spool."""
        self._tell(_exit(point))

    def sealed(self, segments: List[Tuple[Stream, Segment]]) -> None:
        """Segments are finished."""
        if segments:
            found = [[stream.channel, stream.name, segment.document()] for stream, segment in segments]
            self._tell({"event": "segments", "segments": found})
            for guest in self.guests:
                self._wake(guest)

    def more(self) -> None:
        """Wake those who have read everything so far, but not for every packet."""
        now = time.monotonic()
        if now - self._woken >= MORE_EVERY_S:
            self._woken = now
            for guest in self.guests:
                if guest.seen >= 0 and self.keeper.spool.written > guest.seen:
                    self._wake(guest)

    def _wake(self, guest: Guest) -> None:
        if guest.seen >= 0:
            guest.seen = -1
            guest.line.send({"event": "more", "total": self.keeper.spool.written})


def _ready(point: PointState) -> Dict[str, Any]:
    return {"event": "ready", "channel": point.channel, "report": {"time_ns": point.ready_ns}}


def _exit(point: PointState) -> Dict[str, Any]:
    return {"event": "exit", "channel": point.channel, "report": point.exit}
