"""One connection to a controller: commands in, frames out, spooled bytes on their way home.

It dies with its connection; captures live in their keepers. The way home may be slow: only HIGH_WATER bytes are
queued here, everything else waits on the disk, so memory stays bounded and news is never far behind packets.
"""

from __future__ import annotations

import json
import os
import selectors
import time
from collections import deque
from typing import Any, Deque, Dict, List, Optional

from captools.agent import frames, snapshot
from captools.agent.commands import obey
from captools.agent.ship import LaneLost, Pins, Shipper
from captools.agent.view import View

READ_BYTES = 65536
HIGH_WATER = 1024 * 1024
WATCHDOG_S = 60.0  # the controller speaks every few seconds
FAREWELL_S = 10.0  # how long the last bytes may take to leave
TICK_S = 0.5
WRITEV_PIECES = 64


class Channel:
    """The loop between the controller's two descriptors and the capture that is attached."""

    def __init__(self, source: int, sink: int) -> None:
        self.source = source
        self.sink = sink
        self.selector = selectors.DefaultSelector()
        self.commands = frames.Unpacker()
        self.outgoing: Deque[memoryview] = deque()
        self.unsent = 0
        self.view: Optional[View] = None
        self.pins: Pins = {}
        self.shipper: Optional[Shipper] = None
        self.leaving = False
        self.lost = False  # nobody reads us any more
        self._heard = time.monotonic()
        self._total = -1  # what the keeper last said it has
        self._asked = False  # for news
        self._told = 0.0
        for descriptor in (source, sink):
            os.set_blocking(descriptor, False)

    def run(self, greeting: Dict[str, Any]) -> None:
        """Greet, then serve until told to leave or left alone."""
        self.selector.register(self.source, selectors.EVENT_READ, None)
        self.queue([frames.MAGIC, frames.pack_json(frames.HELLO, 0, greeting)])
        self._heard = time.monotonic()
        while not (self.leaving or self.lost):
            for key, _ in self.selector.select(self._timeout()):
                if key.fd == self.source:
                    self._read_commands()
                elif key.fd == self.sink:
                    self._flush()
                elif isinstance(key.data, bytes):
                    self._read_later(key)
                elif self.view is not None:
                    self._read_keeper()
            if time.monotonic() - self._heard > WATCHDOG_S:
                break
            self._tick()
            self._fill()
            self._flush()
            self._watch_sink()
        if self.leaving:
            self.send(frames.BYE, 0, {"reason": "done"})
            self._flush_all()

    def _timeout(self) -> float:
        if self.shipper is None:
            return TICK_S
        return min(TICK_S, max(0.001, self.shipper.bucket.wait_s())) if not self.shipper.hungry else TICK_S

    # -- out -------------------------------------------------------------------------------------------

    def queue(self, pieces: List[bytes]) -> None:
        """Queue bytes for the controller."""
        for piece in pieces:
            self.outgoing.append(memoryview(piece))
            self.unsent += len(piece)

    def send(self, kind: bytes, channel: int, document: Dict[str, Any]) -> None:
        """Queue a frame."""
        self.queue([frames.pack_json(kind, channel, document)])

    def oops(self, command: Dict[str, Any], sentence: str, code: str) -> None:
        """Say that a command could not be carried out."""
        report = {"do": command.get("do"), "capture": command.get("capture"), "error": sentence, "code": code}
        self.send(frames.OOPS, 0, report)

    def _fill(self) -> None:
        """Take from the spool what the way home has room for."""
        while self.shipper is not None and self.unsent < HIGH_WATER and not self.shipper.hungry:
            try:
                pieces = self.shipper.next()
            except LaneLost as lost:
                report = {"do": "ship", "capture": self.shipper.view.capture, "stream": lost.key[1]}
                self.queue([frames.pack_json(frames.OOPS, lost.key[0], dict(report, error=str(lost), code="failed"))])
                continue
            if not pieces:
                break
            self.queue(pieces)
        if self.shipper is not None and self.shipper.hungry:
            self._ask_for_more()

    def _ask_for_more(self) -> None:
        if self.view is not None and self.view.line is not None and not self._asked:
            self._asked = True
            self.view.line.send({"do": "more", "seen": self._total})

    def _flush(self) -> None:
        """Write as much as the channel takes without waiting."""
        while self.outgoing:
            try:
                pieces = [self.outgoing[i] for i in range(min(WRITEV_PIECES, len(self.outgoing)))]
                written = os.writev(self.sink, pieces)
            except BlockingIOError:
                return
            except OSError:
                self.lost = True
                return
            self.unsent -= written
            if self.shipper is not None:
                self.shipper.squeeze.sent(written, time.monotonic(), bool(self.unsent))
            while written:
                piece = self.outgoing.popleft()
                if written < len(piece):
                    self.outgoing.appendleft(piece[written:])
                    break
                written -= len(piece)

    def _watch_sink(self) -> None:
        registered = self.sink in self.selector.get_map()
        if self.outgoing and not registered:
            self.selector.register(self.sink, selectors.EVENT_WRITE, None)
        elif not self.outgoing and registered:
            self.selector.unregister(self.sink)

    def _flush_all(self) -> None:
        """Wait for the last bytes to leave, but not for ever."""
        deadline = time.monotonic() + FAREWELL_S
        while self.outgoing and not self.lost and time.monotonic() < deadline:
            self._flush()
            if self.outgoing:
                time.sleep(0.01)

    # -- in --------------------------------------------------------------------------------------------

    def _read_commands(self) -> None:
        try:
            data = os.read(self.source, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._heard = time.monotonic()
        try:
            for kind, _, payload in self.commands.feed(data):
                if kind == frames.COMMAND:
                    command = json.loads(payload.decode())
                    if not isinstance(command, dict):
                        raise ValueError("no command")
                    obey(self, command)
        except ValueError:
            data = b""  # not our controller's language: treat it as gone
        if not data:
            self.lost = True

    def later(self, answer: Any, kind: bytes) -> None:
        """Send what a child gathers once it is complete."""
        self.selector.register(answer, selectors.EVENT_READ, kind)

    def _read_later(self, key: selectors.SelectorKey) -> None:
        answer: Any = key.fileobj
        self.selector.unregister(answer)
        document = answer.read()
        if document is None:
            self.selector.register(answer, selectors.EVENT_READ, key.data)
            return
        try:
            self.send(key.data, 0, document)
        except ValueError as error:
            self.oops({"do": "facts"}, str(error), "failed")

    # -- the capture that is attached --------------------------------------------------------------------

    def attach(self, view: View, request: Dict[str, Any]) -> None:
        """Follow this capture from now on, instead of the one before."""
        self.detach()
        self.view = view
        if view.line is not None:
            self.selector.register(view.line, selectors.EVENT_READ, view)
            view.line.send(request)
        else:
            self._tell_the_dead(first=True)

    def detach(self) -> None:
        """Let go the capture that is attached."""
        self.ship(None)
        if self.view is not None:
            if self.view.line is not None:
                self.selector.unregister(self.view.line)
            self.view.close()
            self.view = None
        self._asked, self._total = False, -1

    def ship(self, shipper: Optional[Shipper]) -> None:
        """Ship this from now on, instead of what was shipped before."""
        if self.shipper is not None:
            self.shipper.close()
        self.shipper = shipper

    def _read_keeper(self) -> None:
        view = self.view
        if view is None or view.line is None:
            return
        for event in view.line.receive():
            what = event.get("event")
            if what == "state":
                view.learn(event["state"])
                self.send(frames.STATE, 0, event["state"])
            elif what == "segments":
                view.add(event["segments"])
            elif what == "ready":
                self.send(frames.READY, event["channel"], event["report"])
            elif what == "exit":
                self.send(frames.EXIT, event["channel"], event["report"])
            elif what == "more":
                self._total, self._asked = event["total"], False
            elif what == "oops":
                self.oops({"do": event.get("do"), "capture": view.capture}, str(event["error"]), str(event["code"]))
            elif what == "removed":
                self.send(frames.STATE, 0, {"capture": view.capture, "removed": True})
                self.detach()
                return
            if self.shipper is not None:
                self.shipper.hungry = False
        if not view.line.open:
            self._keeper_died(view)

    def _keeper_died(self, view: View) -> None:
        """Go on with what it has left."""
        self.selector.unregister(view.line)  # type: ignore[arg-type]
        exited = {point["channel"] for point in view.state.get("points", []) if point["exit"]}
        try:
            view.read_disk()
        except OSError:
            self.send(frames.STATE, 0, {"capture": view.capture, "removed": True})
            self.detach()
            return
        self._tell_the_dead(first=False, known=exited)
        if self.shipper is not None:
            self.shipper.hungry = False

    def _tell_the_dead(self, first: bool, known: Any = ()) -> None:
        view = self.view
        assert view is not None
        self.send(frames.STATE, 0, dict(view.state, first=True, words=view.words) if first else view.state)
        for point in view.state["points"]:
            if first and point["ready_ns"]:
                self.send(frames.READY, point["channel"], {"time_ns": point["ready_ns"]})
            if point["channel"] not in known:
                self.send(frames.EXIT, point["channel"], point["exit"])

    def _tick(self) -> None:
        view = self.view
        if view is not None and view.line is not None and view.line.unsent:
            view.line.flush()
        if view is not None and view.line is None and time.monotonic() - self._told >= 1.0:
            self._told = time.monotonic()
            self.send(frames.STATE, 0, view.state)

    def close(self) -> None:
        """Give everything back."""
        self.detach()
        snapshot.release(self.pins)
