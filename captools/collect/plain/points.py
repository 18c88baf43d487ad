"""All tools of one node without Python: started a few at a time, read by their node's thread, ended together."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from captools.collect.plain.point import PlainPoint
from captools.collect.plain.stream import READ_BYTES, Shell
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.targets import Target
from captools.collect.tools import Failure
from captools.collect.way_home import ToolSpec
from captools.model.errors import CaptureFailed

# sshd begins to refuse at random where ten are not logged in yet (MaxStartups).
CONNECTING_AT_ONCE = 5


class Reader:
    """A selector that calls who registered with what there is to read, and remembers when that last was."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.heard = time.monotonic()

    def watch(self, stream: object, take: Callable[[bytes], None]) -> None:
        """Have ``take`` called with every piece, and once with b"" at the end, after which nothing is watched."""
        self._selector.register(stream, selectors.EVENT_READ, take)  # type: ignore[arg-type]

    def watches(self, shell: Shell) -> bool:
        """Tell whether an output of ``shell`` is still open."""
        return any(key.fileobj in (shell.stdout, shell.stderr) for key in self._selector.get_map().values())

    def wait(self, timeout_s: float) -> None:
        """Read once everything that is there, or nothing within ``timeout_s``."""
        for key, _ in self._selector.select(timeout_s):
            try:
                data = os.read(key.fd, READ_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            self.heard = time.monotonic()
            if not data:
                self._selector.unregister(key.fileobj)
            key.data(data)

    def close(self) -> None:
        """Watch nothing any more."""
        self._selector.close()


class PlainPoints:
    """The tools. Only the node's thread calls it, except for ``add``."""

    def __init__(self, target: Target, reader: Reader, lost: Callable[[str, str], CaptureFailed]) -> None:
        self.running: list[PlainPoint] = []
        self.offset_ns = 0  # the node's clock minus ours
        self.local_trouble: OSError | None = None
        self.explain: Callable[[Failure], Failure] = lambda failure: failure
        self._target, self._reader, self._lost = target, reader, lost
        self._waiting: deque[tuple[PointCapture, ToolSpec]] = deque()
        self._lock = threading.Lock()

    def add(self, point: PointCapture, spec: ToolSpec) -> None:
        """Have a tool started; one that needs more than one stream is refused."""
        if spec.get("packets") != "stdout":
            point.fail(f"{point.run.point}: {point.request.tool} needs python3 on the node; use --tool tcpdump")
            return
        with self._lock:
            self._waiting.append((point, spec))

    @property
    def over(self) -> bool:
        """True once nothing runs and nothing waits."""
        return not self.running and not self._waiting

    def start_some(self) -> None:
        """Start what waits, a few connections at a time."""
        while self._waiting and sum(not one.connected for one in self.running) < CONNECTING_AT_ONCE:
            with self._lock:
                point, spec = self._waiting.popleft()
            try:
                one = PlainPoint(self._target, point, spec)
            except ValueError as error:
                point.fail(f"{point.run.point}: {error}")
                continue
            self.running.append(one)
            self._reader.watch(one.shell.stdout, partial(self._take_packets, one))
            self._reader.watch(one.shell.stderr, partial(self._take_words, one))

    def beat(self, *, counts: bool) -> None:
        """Tell every far shell that we are here."""
        for one in self.running:
            one.beat(counts=counts)

    def stop(self) -> None:
        """Ask every tool to end; what still waits is not started."""
        with self._lock:
            self._waiting.clear()
        for one in self.running:
            one.stop(self._now_ns())

    def kill(self) -> None:
        """End every channel at once."""
        for one in self.running:
            one.shell.kill()
            one.shell.end()

    def _now_ns(self) -> int:
        return time.time_ns() + self.offset_ns

    def _take_packets(self, one: PlainPoint, data: bytes) -> None:
        if not data:
            self._close_ended(one)
        elif self.local_trouble is None:
            try:
                one.take_packets(data)
            except OSError as error:
                self.local_trouble = error  # the runner stops everything; the rest of the stream is let go
            except ValueError as error:
                one.point.fail(f"{one.point.run.point}: {error}")
                one.shell.kill()

    def _take_words(self, one: PlainPoint, data: bytes) -> None:
        if data:
            one.take_words(data, self._now_ns())
        else:
            self._close_ended(one)

    def _close_ended(self, one: PlainPoint) -> None:
        """Once both outputs have ended: the tool's own end, or a lost connection."""
        if self._reader.watches(one.shell):
            return
        self.running.remove(one)
        one.shell.end()
        if one.code is not None:
            one.point.ended(one.code, self._now_ns(), one.signalled_ns, self.explain)
        elif one.point.state is not State.FAILED:
            # Whatever the client's exit code says: an end that the far shell did not tell is a cut.
            said = bytes(one.shell.said).decode("utf-8", "replace")
            lost = self._lost(said, "the connection ended during the capture")
            one.point.stopped_ns = self._now_ns()
            one.point.fail(f"{one.point.run.point}: {lost}")
