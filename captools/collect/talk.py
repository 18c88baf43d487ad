"""What is said between us and one node's agent: what we want, what it answers, and when all of it is home.

What the runner wants (begin, stop, leave) is kept as a wish and told again after every cut; the thread that
holds the connection is node.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from captools.collect import protocol
from captools.collect.clean import clean
from captools.collect.clocks import ClockReader
from captools.collect.facts import NodeFacts, read_facts, read_texts
from captools.collect.link import AgentLink
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.reports import number, stamps, with_sudo
from captools.collect.shipping import Shipping
from captools.collect.targets import Target
from captools.collect.terms import Terms
from captools.model.errors import CaptoolsError, CaptureFailed
from captools.model.session import ClockReading, ToolCounts

LOCK_S = 1.0


class Talk:
    """One node's part of a capture, as far as its agent and we have told each other."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.greeted = threading.Event()  # its facts are here, or it failed
        self.done = threading.Event()  # nothing more comes from it
        self.facts = NodeFacts()
        self.late_texts: dict[str, str] = {}  # facts taken again at the end
        self.taken: dict[str, int] = {}  # when each fact was taken, on the node's clock
        self.late_taken: dict[str, int] = {}
        self.peers: dict[str, Any] | None = None  # the agent's answer to ``ask_peers``
        self.error: CaptoolsError | None = None
        self.points: dict[int, PointCapture] = {}
        self.local_trouble: OSError | None = None  # our disk, or the reader of our stdout
        self.clock: list[ClockReading] = []
        self.heard = time.monotonic()
        self.cuts = 0
        self.trouble = ""
        self.state: dict[str, Any] = {}  # how the spool stands, in the agent's words
        self.gone = False  # nothing of this capture is on the node any more
        self.home = False  # everything is here, and the node has nothing of it any more
        self.on_gap: Callable[[], None] = lambda: None  # bytes were lost for good: put that on record
        self._shipping = Shipping({})
        self._terms, self._id = Terms(capture=""), ""
        self._tools: list[Mapping[str, object]] = []
        self._begun = False
        self._seen = False  # the node knows this capture
        self._stop_wait_s: float | None = None
        self._leaving = False
        self._gave_up = ""
        self._link: AgentLink | None = None
        self._reader = ClockReader()
        self._attached = False
        self._sent = self._spoke = time.monotonic()
        self._finish_step = ""
        self._left = False
        self._wake = threading.Event()
        self._lock = threading.RLock()

    # -- called by the runner ----------------------------------------------------------------------------

    def begin(self, points: Sequence[PointCapture], tools: Sequence[Mapping[str, object]], terms: Terms) -> None:
        """Start every tool of the plan."""
        with self._lock:
            self._know(points, terms)
            self._tools = list(tools)
            self._begun = True
            self._send("start", **terms.start(self.target.name, self._tools))
            self._ship()

    def take_up(self, points: Sequence[PointCapture], terms: Terms) -> None:
        """Go on with a capture that runs there already, or ran; call before ``start``."""
        self._know(points, terms)
        self._begun = self._seen = True

    def _know(self, points: Sequence[PointCapture], terms: Terms) -> None:
        self.points = {point.run.channel: point for point in points}
        self._shipping = Shipping(self.points, self._acknowledge, self._disk_trouble, self.on_gap)
        self._terms, self._id = terms, terms.id_on(self.target.name)

    def ask_peers(self) -> None:
        """Ask which pod is behind which device; the answer comes into ``peers``."""
        self._send("peers")

    def poll(self) -> None:
        """Ask the tools for their counts; also tells the agent that we are still here."""
        if self._begun:
            self._send("poll")

    def stop(self, wait_s: float) -> None:
        """Stop every tool ``wait_s`` from now, bring all of it home, then leave. May be repeated with less."""
        self._stop_wait_s = wait_s
        if self._begun:
            self._send("stop", capture=self._id, wait_s=wait_s)
        else:
            self._leave()
        # Our thread may hold the lock while a reader of the live stream keeps it waiting; then it goes on by itself.
        if self._lock.acquire(timeout=LOCK_S):
            try:
                if not self._terms.ship and self.local_trouble is None:
                    self._ship()
                self._advance()
            finally:
                self._lock.release()

    def leave(self) -> None:
        """Close the connection; the capture goes on."""
        with self._lock:
            self._leave()

    # -- what the node says --------------------------------------------------------------------------------

    def _take(self, kind: bytes, channel: int, payload: bytes) -> None:
        if kind == protocol.DATA:
            self._take_piece(channel, payload)
            return
        if kind == protocol.BYE:
            self._left = self._leaving or self._finish_step == "bye"
            return
        report = protocol.document(payload)
        if kind == protocol.HELLO:
            self._greet(report)
        elif kind == protocol.CLOCK:
            self._read_clock(report)
        elif kind == protocol.FACTS:
            self._take_facts(report)
        elif kind == protocol.PEERS:
            self.peers = report
        elif kind == protocol.STATE:
            self._take_state(report)
        elif kind == protocol.OOPS:
            self._take_oops(channel, report)
        elif channel in self.points:
            self._take_of_point(self.points[channel], kind, report)

    def _greet(self, report: dict[str, Any]) -> None:
        self.trouble = ""
        if not self._begun:
            self.facts = read_facts(report)
            self.taken = stamps(report)
        if self._leaving:
            self._leave()
        elif self._finish_step:
            self._finish(self._finish_step)
        elif self._begun:
            self._send("attach", capture=self._id)
            self.greeted.set()
        else:
            self._send("facts", names=["slow"])
            self._ask_clock()

    def _take_facts(self, report: dict[str, Any]) -> None:
        if self._finish_step == "facts" and report.get("names") != ["slow"]:
            self.late_texts, self.late_taken = read_texts(report.get("network")), stamps(report)
            self._finish("clock")
        else:
            self.facts = replace(self.facts, texts=read_texts(report.get("network"), self.facts.texts))
            self.taken |= stamps(report)

    def _take_state(self, report: dict[str, Any]) -> None:
        if report.get("capture") != self._id:
            return
        if report.get("removed") is True:
            self._removed()
            return
        self.state = report
        self._seen = True
        points = report.get("points")
        for entry in points if isinstance(points, list) else ():
            point = self.points.get(number(entry, "channel") or 0) if isinstance(entry, dict) else None
            if point is not None:
                self._shipping.learn(point, entry, first=report.get("first") is True)
                counts = entry.get("counts")
                if isinstance(counts, dict):
                    captured, received, dropped = (number(counts, k) for k in ("captured", "received", "dropped"))
                    point.told = ToolCounts(captured=captured, received=received, dropped=dropped)
        if report.get("first") is True:
            self._attached = True
            if self._stop_wait_s is not None:
                self._send("stop", capture=self._id, wait_s=self._stop_wait_s)
            self._ship()
        self._advance()

    def _removed(self) -> None:
        """The node has nothing of this capture any more: as we wished, or by somebody else's hand."""
        if self._finish_step:
            self.home = True
            self._finish("bye")
        else:
            self.gone = True
            self.error = CaptureFailed(
                f"{self.target.name}: the capture was removed on the node", hint="what had arrived is kept"
            )
            self._leave()

    def _take_oops(self, channel: int, report: dict[str, Any]) -> None:
        said = clean(str(report.get("error", "")))
        if report.get("do") == "peers":
            self.peers = {}
        elif report.get("do") == "ship" and report.get("code") == "failed" and channel in self.points:
            self._shipping.lose(self.points[channel], said)
            self._advance()
        elif self._finish_step and report.get("do") == self._finish_step:
            self._finish("clock" if self._finish_step == "facts" else "bye")
        elif report.get("capture") not in (None, self._id):
            return
        elif report.get("code") == "unknown" and report.get("do") == "attach" and not self._seen and self._tools:
            self._send("start", **self._terms.start(self.target.name, self._tools))
        elif report.get("code") == "exists" and report.get("do") == "start":
            self._send("attach", capture=self._id)
        elif report.get("do") in ("start", "attach"):
            self.gone = True
            hint = "was it removed there?" if self._seen else "name another place on the node, or free some space there"
            self.error = CaptureFailed(f"{self.target.name}: {said}", hint=hint)
            self._leave()

    def _take_of_point(self, point: PointCapture, kind: bytes, report: dict[str, Any]) -> None:
        if kind == protocol.READY:
            self._seen = True
            point.ready(number(report, "time_ns") or 0)
        elif kind == protocol.EXIT:
            point.exit = report
            if point.state in (State.LISTENING, State.STARTING):
                point.state = State.ARRIVING if point.started_ns else point.state
            point.caught_up_ns = number(report, "caught_up_ns") or 0
            self._advance()
        elif kind == protocol.SEGMENT:
            self._check(point, report)
            self._advance()

    def _check(self, point: PointCapture, report: dict[str, Any]) -> None:
        """Check a segment, unless our own disk has refused part of it."""
        if self.local_trouble is not None:
            return
        try:
            if self._shipping.check(point, report):
                self._ship()
        except OSError as error:
            self._disk_trouble(error)

    def _take_piece(self, channel: int, payload: bytes) -> None:
        point = self.points.get(channel)
        if point is None or self.local_trouble is not None:
            return
        try:
            if self._shipping.take(point, protocol.piece(payload), str(self.state.get("mode", "keep"))):
                self._ship()
        except OSError as error:
            self.local_trouble = error  # the runner stops everything; the rest of the stream is let go
            self._send("ship", capture=self._id, streams=[])
        if point.exit is not None:
            self._advance()

    # -- what we say ---------------------------------------------------------------------------------------

    def _send(self, do: str, **details: object) -> None:
        link = self._link
        if link is not None and link.greeted:
            self._sent = time.monotonic()
            if self._terms.spool.spool_dir:
                details["dir"] = self._terms.spool.spool_dir
            link.send(do, **details)

    def _ship(self) -> None:
        """Ask for everything that is not here, from the byte after the last one."""
        if self.local_trouble is not None:
            return
        wish = self._terms.spool
        self._shipping.start()
        self._send(
            "ship",
            capture=self._id,
            streams=self._shipping.wanted(packets=self._terms.ship or self._stop_wait_s is not None),
            limit_bps=wish.limit_bps,
            compress=wish.compress,
        )

    def _acknowledge(self, streams: list[dict[str, object]]) -> None:
        self._send("ack", capture=self._id, streams=streams)

    def _disk_trouble(self, error: OSError) -> None:
        self.local_trouble = error

    def _leave(self) -> None:
        self._leaving = True
        self._wake.set()
        self._send("bye")

    def _advance(self) -> None:
        """Settle every point that is home; once all are and a stop was asked for, end the capture there."""
        for point in self.points.values():
            if point.exit is not None and point.state in (State.STARTING, State.LISTENING, State.ARRIVING):
                self._settle(point, point.exit)
        if self._stop_wait_s is None or self._finish_step or self._leaving or not self._begun:
            return
        if self.local_trouble is not None:
            if all(point.ended_there for point in self.points.values()):
                self._leave()
        elif all(point.state in (State.STOPPED, State.FAILED) for point in self.points.values()):
            try:
                self._shipping.settle()
            except OSError as error:
                self.local_trouble = error
                self._leave()
                return
            # Who is in a hurry does not wait for slow answers.
            self._finish("facts" if self._stop_wait_s else "clock")

    def _settle(self, point: PointCapture, report: dict[str, Any]) -> None:
        """Judge how an ended tool did, once all that it wrote is here."""
        if not self._shipping.complete(point):
            return
        code, time_ns, signalled_ns = (number(report, key) for key in ("code", "time_ns", "signalled_ns"))
        if code is None:
            point.fail(
                f"{point.run.point}: captools' keeper was killed on {self.target.name}, and the capture with it; "
                "what came before is kept"
            )
        else:
            point.ended(code, time_ns or 0, signalled_ns or 0, lambda one: with_sudo(one, self.facts.sudo_said))

    def _finish(self, step: str) -> None:
        """Go to the next step of leaving for good: facts, clock, remove, bye. Begun again after a cut."""
        self._finish_step = step
        if step == "facts":
            self._send("facts")
        elif step == "clock":
            self._reader = ClockReader()
            self._ask_clock()
        elif step == "remove":
            self._send("remove", capture=self._id, force=True)
        else:
            self._send("bye")

    def _ask_clock(self) -> None:
        self._send("clock", id=self._reader.ask())

    def _read_clock(self, report: dict[str, Any]) -> None:
        """Take one reading; after the last one keep the tightest and go on with what waits for it."""
        if not self._reader.take(report):
            self._ask_clock()
            return
        if self._reader.best is not None:
            self.clock.append(self._reader.best)
        self.greeted.set()
        if self._finish_step == "clock":
            # What could not be had whole stays there for another try.
            self._finish("bye" if self._shipping.broken else "remove")
