"""A node without Python: ``tcpdump -w -`` straight through the channel. A cut link loses data in this mode.

One channel tells facts and clock, and each point has one of its own; a single thread reads them all. What keeps a
tool from staying behind is its far shell: it ends the tool when its stdin ends or is silent for a minute.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Sequence

from captools.collect.clean import last_line
from captools.collect.facts import NodeFacts
from captools.collect.plain.control import PlainControl
from captools.collect.plain.facts import network_of, read_plain_facts
from captools.collect.plain.points import PlainPoints, Reader
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.spooling import SpoolProgress
from captools.collect.targets import Target
from captools.collect.tools import Failure, Fault
from captools.collect.transports import transport
from captools.collect.way_home import ToolSpec
from captools.model.errors import CaptoolsError, CaptureFailed
from captools.model.session import ClockReading, NodeRecord

BEAT_S = 10.0
STOP_WAIT_S = 1.2  # packets rest in an unretired kernel block for up to a second (FACTS, section 14)
LAST_WORDS_S = 10.0  # for the facts of the end, which are worth no more
LOSES = "without python3 there, a cut link loses data"


class PlainNode(threading.Thread):
    """Implements ``WayHome``. Connects when started; other threads look at the events and call the short methods."""

    def __init__(self, target: Target) -> None:
        super().__init__(name=f"plain node {target.name}", daemon=True)
        self.target = target
        self.greeted, self.done = threading.Event(), threading.Event()
        self.facts = NodeFacts()
        self.late_texts: dict[str, str] = {}
        self.taken: dict[str, int] = {}  # when each fact was taken, on the node's clock
        self.late_taken: dict[str, int] = {}
        self.error: CaptoolsError | None = None
        self.points: dict[int, PointCapture] = {}
        self.local_trouble: OSError | None = None
        self.clock: list[ClockReading] = []
        self.heard = time.monotonic()
        self.cuts = 0
        self.trouble = ""
        self.home = False
        self._reader = Reader()
        self._tools = PlainPoints(target, self._reader, self._lost)
        self._tools.explain = self._with_sudo
        self._control: PlainControl | None = None
        self._lock = threading.Lock()
        self._wake_source, self._wake_sink = os.pipe()
        self._stop_at: float | None = None
        self._counts_wanted = False
        self._gave_up = ""
        self._asked_again = 0.0  # when the facts of the end were asked for
        self._said_all = False  # they are here, or cannot be had

    # -- called by the runner ----------------------------------------------------------------------------

    def begin(self, points: Sequence[PointCapture], tools: Sequence[ToolSpec], terms: object = None) -> None:
        """Start every tool of the plan. ``terms`` are about a spool, and nothing rests on this node."""
        self.points = {point.run.channel: point for point in points}
        for spec in tools:
            self._tools.add(self.points[int(str(spec["channel"]))], spec)
        self._wake()

    def poll(self) -> None:
        """Have the tools print their counts."""
        self._counts_wanted = True
        self._wake()

    def stop(self, wait_s: float) -> None:
        """Stop every tool ``wait_s`` from now, then read the clock and the facts again and leave. Repeatable."""
        due = time.monotonic() + wait_s
        self._stop_at = due if self._stop_at is None else min(due, self._stop_at)
        self._wake()

    def leave(self) -> None:
        """Nothing can run on here without us: the same as ``stop``."""
        self.stop(STOP_WAIT_S)

    def give_up(self, sentence: str) -> None:
        """End every channel at once; what has arrived is kept."""
        self._gave_up = self._gave_up or sentence
        self._wake()

    @property
    def settled(self) -> bool:
        """True once every tool is listening or has ended."""
        return self.done.is_set() or all(point.state is not State.STARTING for point in self.points.values())

    @property
    def running(self) -> bool:
        """True while at least one tool runs here."""
        return not self.done.is_set() and any(
            point.state in (State.STARTING, State.LISTENING) for point in self.points.values()
        )

    def spool(self) -> SpoolProgress:
        """Nothing rests on this node."""
        return SpoolProgress()

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
        """Serve all channels until the last one has ended."""
        try:
            self._serve()
            self.home = True
        except CaptoolsError as error:
            self.error = error
        finally:
            self._tools.kill()
            if self._control is not None:
                self._control.shell.kill()
                self._control.shell.end()
            for point in self.points.values():
                if point.state in (State.STARTING, State.LISTENING):
                    reason = self.error.message if self.error else f"{self.target.name}: the capture ended before it"
                    point.fail(f"{point.run.point}: {reason}")
            self._reader.close()
            with self._lock:
                os.close(self._wake_source)
                os.close(self._wake_sink)
                self._wake_sink = -1
            self.greeted.set()
            self.done.set()

    def _serve(self) -> None:
        control = self._control = PlainControl(self.target)
        self._reader.watch(self._wake_source, lambda data: None)
        self._reader.watch(control.shell.stdout, lambda data: self._take_answers(control, data))
        self._reader.watch(control.shell.stderr, control.shell.hear)
        beat = time.monotonic()
        while not (self._stop_at is not None and self._said_all and self._tools.over):
            self._reader.wait(self._patience())
            self.heard, self.local_trouble = self._reader.heard, self._tools.local_trouble
            if self._gave_up:
                raise CaptureFailed(
                    f"{self.target.name}: {self._gave_up}", hint=f"try by hand what {self.target.way} answers"
                )
            now = time.monotonic()
            counts, self._counts_wanted = self._counts_wanted, False
            if counts or now - beat >= BEAT_S:
                beat = now
                self._tools.beat(counts=counts)
            if self._stop_at is not None and now >= self._stop_at:
                self._finish(control, now)
            else:
                self._tools.start_some()

    def _patience(self) -> float:
        """How long the loop may sleep."""
        if self._stop_at is None:
            return BEAT_S
        due = self._stop_at - time.monotonic()
        return min(BEAT_S, due) if due > 0 else 1.0

    def _wake(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._wake_sink >= 0:
                os.write(self._wake_sink, b"!")

    def _finish(self, control: PlainControl, now: float) -> None:
        """After a stop: end the tools, then ask for facts and clock once more."""
        self._tools.stop()
        if not self._tools.over:
            return
        if not self.greeted.is_set() or (self._asked_again and now - self._asked_again > LAST_WORDS_S):
            self._said_all = True
        elif not self._asked_again:
            self._asked_again = now
            control.ask_again()

    # -- the control channel -----------------------------------------------------------------------------

    def _take_answers(self, control: PlainControl, data: bytes) -> None:
        if not data:
            self._control_ended(control)
            return
        try:
            control.feed(data)
        except ValueError as error:
            raise CaptureFailed(
                f"{self.target.name}: its answer is not a shell's ({error})",
                hint="does its login shell print to stdout?",
            ) from error
        if not control.complete or self._said_all:
            return
        if control.clock is not None:
            self.clock.append(control.clock)
            self._tools.offset_ns = control.clock.node_ns - (control.clock.before_ns + control.clock.after_ns) // 2
        now_ns = time.time_ns() + self._tools.offset_ns
        if self._asked_again:
            self.late_texts, self._said_all = network_of(control.told), True
            self.late_taken = dict.fromkeys(self.late_texts, now_ns)
        elif not self.greeted.is_set():
            self.facts = read_plain_facts(control.told)
            self.taken = dict.fromkeys(self.facts.texts, now_ns)
            self.greeted.set()

    def _control_ended(self, control: PlainControl) -> None:
        """Before the greeting that is the end; afterwards only the facts of the end are missing."""
        self._said_all = True
        if not self.greeted.is_set():
            code = control.shell.end()
            words = last_line(control.said) or f"exit code {code}"
            raise self._lost(control.said, f"no shell answered ({words})")

    def _lost(self, said: str, what: str) -> CaptureFailed:
        """Return the error of a channel that ended: its client's reason, else ``what``."""
        explained = transport(self.target.transport).explain(self.target, said)
        if explained is not None:
            return CaptureFailed(f"{self.target.name}: {explained[0]}", hint=explained[1])
        return CaptureFailed(f"{self.target.name}: {what}", hint=LOSES)

    def _with_sudo(self, failure: Failure) -> Failure:
        """Add why sudo did not help to a refusal."""
        if failure.fault is not Fault.PERMISSION or not self.facts.sudo_said:
            return failure
        return Failure(
            fault=failure.fault, said=f"{failure.said} (and sudo: {self.facts.sudo_said})", hint=failure.hint
        )
