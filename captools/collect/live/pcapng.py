"""One pcapng of all points for a reader that looks on: stdout into Wireshark, or the pipe that extcap names."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from captools.collect.live.queued import Queued
from captools.collect.live.sinks import LivePoint
from captools.model.session import ToolCounts, UntilRecord
from captools.model.units import duration
from captools.wire.live_pcapng import LivePcapng, Source
from captools.wire.write_pcapng import Counts

TICK_S = 0.05
PIPE_BYTES = 1 << 20
STUCK_S = 3.0  # once everything stops, without one byte taken by the reader
HURRIED_S = 0.5


class PcapngSink:
    """Writes to ``fd`` in a thread of its own; sets ``stop`` where the reader has gone.

    A reader that is slower than the points slows them: what waits lies in the spool on the nodes.
    ``notes``, after the end: what whoever started it should know.
    """

    found: tuple[UntilRecord, ...] = ()

    def __init__(self, fd: int, stop: threading.Event) -> None:
        self._fd, self._stop = fd, stop
        self._queued = Queued()
        self._live: LivePcapng | None = None
        self._counts: dict[int, Counts] = {}
        self._written = 0
        self._left_behind = False
        self._thread = threading.Thread(target=self._run, name="live pcapng", daemon=True)
        self.notes: list[str] = []

    def begin(self, points: Sequence[LivePoint], folder: Path | None) -> None:
        """Write what a pcapng begins with, and go on in a thread."""
        with contextlib.suppress(OSError):  # no pipe, or more than this user may have
            fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._live = LivePcapng([_source(one) for one in points], f"captools {version('captools')}")
        self._thread.start()

    def feed(self, key: int, data: bytes) -> None:
        """Take bytes of one point; wait while the reader is behind, once everything stops only if it goes on reading."""
        written, patience = self._written, time.monotonic() + STUCK_S
        while not self._queued.put(key, data, TICK_S):
            if self._written != written or not self._stop.is_set():
                written, patience = self._written, time.monotonic() + STUCK_S
            elif time.monotonic() > patience:
                self._leave_behind()

    def end(self, counts: Mapping[int, ToolCounts], hurry: threading.Event) -> None:
        """Write everything that is left and each point's counts; give up on a reader that takes nothing any more."""
        self._counts = {key: _counts(one) for key, one in counts.items()}
        self._queued.end()
        if self._live is None or self._left_behind:
            return
        written, patience = self._written, time.monotonic() + STUCK_S
        while self._thread.is_alive():
            self._thread.join(TICK_S)
            if self._written != written:
                written, patience = self._written, time.monotonic() + STUCK_S
            if time.monotonic() > patience - (STUCK_S - HURRIED_S if hurry.is_set() else 0):
                self._leave_behind()
                return
        self.notes += self._live.damage
        if self._live.late:
            self.notes.append(
                f"{self._live.late:,} of {self._live.packets:,} packets came too late for their place in the live "
                "stream and stand behind later ones, with their own times (reordercap puts a file in order)"
            )

    def _leave_behind(self) -> None:
        if not self._left_behind:
            self._left_behind = True
            self.notes.append("the reader of the live stream did not take its end; it was left behind")
        self._queued.refuse()

    def _run(self) -> None:
        assert self._live is not None
        try:
            while not self._queued.ended:
                for key, data in self._queued.take(TICK_S).items():
                    self._live.feed(key, data, time.monotonic_ns())
                if self._reader_gone():
                    raise BrokenPipeError
                self._write(self._live.take(time.monotonic_ns()))
            self._write(self._live.finish(self._counts, time.monotonic_ns()))
        except OSError:
            self._stop.set()
        finally:
            self._queued.refuse()  # whatever happens here, no node waits for it

    def _reader_gone(self) -> bool:
        """Tell whether nobody holds the reading end of a pipe any more: where no packet comes, no write would tell."""
        look = select.poll()
        look.register(self._fd, 0)
        return any(event & select.POLLERR for _, event in look.poll(0))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.write(self._fd, view)
            self._written += written
            view = view[written:]


def _source(one: LivePoint) -> Source:
    words = [f"{one.role} of {one.point.node}"]
    if one.tool != "tcpdump":
        words.append(f"by {one.tool}")
    if one.clock_offset_ns:
        side = "ahead of" if one.clock_offset_ns > 0 else "behind"
        words.append(f"its clock runs {duration(abs(one.clock_offset_ns))} {side} this machine's")
    return Source(
        node=one.point.node,
        interface=one.point.interface,
        description=", ".join(words),
        filter=one.filter,
        names=one.names,
    )


def _counts(counts: ToolCounts) -> Counts:
    return Counts(received=counts.received, dropped=counts.dropped, delivered=counts.captured)
