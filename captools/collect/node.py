"""One node during a capture: reads its channel in a thread of its own, writes its points' files."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from captools.collect import protocol
from captools.collect.facts import NodeFacts, read_facts
from captools.collect.failures import lost_agent, no_agent
from captools.collect.link import AgentLink
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.protocol import NotOurStream
from captools.collect.targets import Target
from captools.collect.tools import Failure, Fault
from captools.model.errors import CaptoolsError, CaptureFailed
from captools.model.session import ClockReading, NodeRecord

CLOCK_READINGS = 5  # the one with the shortest way there and back counts


class NodeCapture(threading.Thread):
    """Connects when started. Other threads look at the events and call ``begin``, ``stop``, ``poll``, ``give_up``."""

    def __init__(self, target: Target) -> None:
        super().__init__(name=f"node {target.name}", daemon=True)
        self.target = target
        self.greeted = threading.Event()  # its facts are here, or it failed
        self.done = threading.Event()  # nothing more comes from it
        self.facts = NodeFacts()
        self.late_texts: dict[str, str] = {}  # facts taken again at the end
        self.error: CaptoolsError | None = None
        self.points: dict[int, PointCapture] = {}
        self.local_trouble: OSError | None = None  # our disk, or the reader of our stdout
        self.clock: list[ClockReading] = []
        self.heard = time.monotonic()
        self._readings: list[ClockReading] = []
        self._asked_ns = 0
        self._link: AgentLink | None = None
        self._ending = False
        self._gave_up = ""
        self._lock = threading.Lock()
        self._finishing = False

    # -- called by the runner ----------------------------------------------------------------------------

    def begin(self, points: Sequence[PointCapture], tools: Sequence[object]) -> None:
        """Start every tool of the plan."""
        self.points = {point.run.channel: point for point in points}
        self._send("start", tools=list(tools))

    def poll(self) -> None:
        """Ask the tools for their counts; also tells the agent that we are still here."""
        self._send("poll")

    def stop(self, wait_s: float) -> None:
        """Stop every tool ``wait_s`` from now, then read the clock and the changing facts again and leave."""
        self._ending = True
        self._send("stop", wait_s=wait_s)
        self._finish()

    def give_up(self, sentence: str) -> None:
        """End the channel at once; what has arrived is kept."""
        with self._lock:
            self._gave_up = sentence
            if self._link is not None:
                self._link.kill()

    @property
    def settled(self) -> bool:
        """True once every tool is listening or has ended."""
        return self.done.is_set() or all(point.state is not State.STARTING for point in self.points.values())

    @property
    def running(self) -> bool:
        """True while at least one tool runs here."""
        return not self.done.is_set() and self._busy()

    def record(self) -> NodeRecord:
        """Return the manifest's entry as things stand."""
        return NodeRecord(
            name=self.target.name,
            address=self.target.address,
            transport=self.target.transport,
            ok=self.error is None,
            error=str(self.error) if self.error else "",
            system=self.facts.system,
            clock=tuple(self.clock),
        )

    # -- the thread --------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve the channel until it ends."""
        try:
            self._serve()
        except CaptoolsError as error:
            self.error = error
        finally:
            for point in self.points.values():
                if point.state in (State.STARTING, State.LISTENING) and self.error is not None:
                    point.fail(f"{point.run.point}: {self.error.message}")
            self.greeted.set()
            self.done.set()

    def _serve(self) -> None:
        link = self._open()
        left = False
        strange = ""
        try:
            for kind, channel, payload in link.frames():
                self.heard = time.monotonic()
                if kind == protocol.BYE:
                    left = True
                    break
                self._take(kind, channel, payload)
        except NotOurStream as error:
            strange = str(error)
            link.kill()
        finally:
            code = link.close()
        if self._gave_up:
            raise CaptureFailed(
                f"{self.target.name}: {self._gave_up}", hint=f"try by hand what {self.target.way} answers"
            )
        if strange:
            raise CaptureFailed(
                f"{self.target.name}: sent something that is not captools' agent ({strange})",
                hint="does its login shell print to stdout?",
            )
        if not link.greeted:
            raise no_agent(self.target, link.transport, link.said, code)
        if not left and (self._busy() or not self._ending):
            raise lost_agent(self.target, link.said)

    def _open(self) -> AgentLink:
        with self._lock:
            if self._gave_up:
                raise CaptureFailed(f"{self.target.name}: {self._gave_up}")
            self._link = AgentLink(self.target)
        return self._link

    def _take(self, kind: bytes, channel: int, payload: bytes) -> None:
        if kind == protocol.HELLO:
            self.facts = read_facts(protocol.document(payload))
            self._ask_clock()
        elif kind == protocol.CLOCK:
            self._read_clock(protocol.document(payload))
        elif kind == protocol.FACTS:
            texts = protocol.document(payload).get("network")
            self.late_texts = {str(k): str(v) for k, v in texts.items()} if isinstance(texts, dict) else {}
            self._ask_clock()
        elif channel in self.points:
            self._take_from_tool(self.points[channel], kind, payload)

    def _take_from_tool(self, point: PointCapture, kind: bytes, payload: bytes) -> None:
        if kind == protocol.ERROR:
            point.hear(payload)
        elif kind == protocol.READY:
            point.ready(_integer(payload, "time_ns"))
        elif kind == protocol.EXIT:
            code, time_ns, signalled_ns = (_integer(payload, key) for key in ("code", "time_ns", "signalled_ns"))
            point.caught_up_ns = _integer(payload, "caught_up_ns")
            point.ended(code, time_ns, signalled_ns, self._with_sudo)
            self._finish()
        elif self.local_trouble is None:
            try:
                if kind == protocol.DATA:
                    point.write(payload)
                elif point.text_file is not None:
                    point.text_file.write(payload)
            except OSError as error:
                self.local_trouble = error  # the runner stops everything; the rest of the stream is let go

    def _busy(self) -> bool:
        return any(point.state in (State.STARTING, State.LISTENING) for point in self.points.values())

    def _finish(self) -> None:
        """Once, when a stop was asked for and every tool has ended: read facts, then clock, then leave."""
        with self._lock:
            if self._finishing or not self._ending or self._busy():
                return
            self._finishing = True
        self._send("facts")

    def _with_sudo(self, failure: Failure) -> Failure:
        """Add why sudo did not help to a refusal."""
        if failure.fault is not Fault.PERMISSION or not self.facts.sudo_said:
            return failure
        return Failure(
            fault=failure.fault, said=f"{failure.said} (and sudo: {self.facts.sudo_said})", hint=failure.hint
        )

    def _send(self, do: str, **details: object) -> None:
        if self._link is not None:
            self._link.send(do, **details)

    def _ask_clock(self) -> None:
        self._asked_ns = time.time_ns()
        self._send("clock", id=len(self._readings))

    def _read_clock(self, report: dict[str, object]) -> None:
        """Take one reading; after the last one keep the tightest and go on with what waits for it."""
        node_ns = report.get("time_ns")
        if isinstance(node_ns, int):
            reading = ClockReading(before_ns=self._asked_ns, node_ns=node_ns, after_ns=time.time_ns())
            self._readings.append(reading)
        if 0 < len(self._readings) < CLOCK_READINGS:
            self._ask_clock()
            return
        if self._readings:
            self.clock.append(min(self._readings, key=lambda one: one.after_ns - one.before_ns))
        self._readings = []
        if self.greeted.is_set():
            self._send("bye")
        self.greeted.set()


def _integer(payload: bytes, key: str) -> int:
    value = protocol.document(payload).get(key)
    return value if isinstance(value, int) else 0
