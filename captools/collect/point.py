"""One capture at one point while it runs: its files, its tool's words, its counts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from captools.collect.clean import clean
from captools.collect.plan import PlannedRun
from captools.collect.progress import PointProgress, State
from captools.collect.records import PcapCounter
from captools.collect.request import CaptureRequest
from captools.collect.tools import Failure, Fault, tool
from captools.model.errors import CaptoolsError, CaptureFailed, UsageError
from captools.model.session import PointRecord
from captools.model.units import rfc3339
from captools.store.writer import CaptureFile

MAX_SAID = 64 * 1024


@dataclass(slots=True)
class PointCapture:
    """State of one point. Only its node's thread writes here; others read single values."""

    run: PlannedRun
    request: CaptureRequest
    version: str = ""
    packets_file: CaptureFile | None = None
    text_file: CaptureFile | None = None
    live_fd: int | None = None
    counter: PcapCounter = field(default_factory=PcapCounter)
    state: State = State.STARTING
    kept_bytes: int = 0
    said: str = ""
    started_ns: int = 0  # the node's clock, as the packets' own stamps
    stopped_ns: int = 0
    caught_up_ns: int = 0  # up to when the tool has written all that it received; 0 where it could not be asked
    error: str = ""
    fault: Fault | None = None

    def write(self, data: bytes) -> None:
        """Keep packets; OSError where the disk is full or nobody reads the live stream any more."""
        if self.live_fd is not None:
            view = memoryview(data)
            while view:
                view = view[os.write(self.live_fd, view) :]
        elif self.packets_file is not None:
            self.packets_file.write(data)
        self.kept_bytes += len(data)
        self.counter.feed(data)

    def hear(self, words: bytes) -> None:
        """Keep the newest words of the tool's stderr, however much it prints."""
        self.said = (self.said + words.decode("utf-8", "replace"))[-MAX_SAID:]

    def ready(self, time_ns: int) -> None:
        """The tool is listening since ``time_ns`` on the node's clock."""
        self.started_ns = time_ns
        self.state = State.LISTENING

    def ended(self, code: int, time_ns: int, signalled_ns: int, explain: Callable[[Failure], Failure]) -> None:
        """The tool has ended and everything it printed is here; ``signalled_ns`` is 0 where nobody asked it to."""
        self.stopped_ns = self.caught_up_ns or signalled_ns or time_ns
        name = self.request.tool
        if signalled_ns and code >= 0 and self.started_ns:
            self.state = State.STOPPED
            return
        found = tool(name).failure(self.said)
        if signalled_ns and code < 0 and self.started_ns:
            self.fail(f"{self.run.point}: {name} did not stop and had to be killed; its last packets may be missing")
        elif found is None and signalled_ns and not self.started_ns:
            self.fail(f"{self.run.point}: {name} was stopped before it was listening")
        elif found is not None:
            found = explain(found)
            self.fault = found.fault
            self.fail(f"{self.run.point}: {name} says: {found.said}; {found.hint}")
        else:
            words = clean(self.said) or "no word of why"
            self.fail(f"{self.run.point}: {name} ended by itself with code {code} ({words})")

    def fail(self, sentence: str) -> None:
        """Remember the first reason; what was captured stays."""
        self.error = self.error or sentence
        self.state = State.FAILED

    def close(self) -> None:
        """Finish the files; one that never got a byte is removed, for it holds nothing."""
        for file in (self.packets_file, self.text_file):
            if file is not None:
                file.close()
                if file.bytes == 0:
                    file.path.unlink(missing_ok=True)
        damage = self.counter.close() if self.kept_bytes else ""
        if damage:
            self.fail(f"{self.run.point}: {damage}")

    def progress(self) -> PointProgress:
        """Return how far this point is."""
        return PointProgress(
            point=self.run.point,
            state=self.state,
            bytes=self.kept_bytes,
            packets=self.counter.packets,
            dropped=tool(self.request.tool).counts(self.said).dropped,
            message=self.error,
        )

    def record(self) -> PointRecord:
        """Return the manifest's entry as things stand."""
        kept, text = self.packets_file, self.text_file
        return PointRecord(
            point=str(self.run.point),
            node=self.run.point.node,
            interface=self.run.point.interface,
            role=self.run.role.value,
            tool=self.request.tool,
            tool_version=self.version,
            file=kept.path.name if kept is not None and (kept.bytes or self.state is not State.FAILED) else "",
            text_file=text.path.name if text is not None and (text.bytes or self.state is not State.FAILED) else "",
            argv=self.run.argv,
            filter=self.run.filter,
            user_filter=self.request.bpf,
            match=self.request.match,
            snaplen=self.counter.snaplen,
            linktype=self.counter.linktype,
            started=rfc3339(self.started_ns) if self.started_ns else "",
            stopped=rfc3339(self.stopped_ns) if self.stopped_ns else "",
            counts=replace(tool(self.request.tool).counts(self.said), caught_up=self.caught_up_ns > 0),
            packets=self.counter.packets,
            bytes=self.kept_bytes,
            sha256=kept.sha256 if kept is not None and kept.bytes else "",
            ok=self.state is not State.FAILED,
            error=self.error,
        )

    def as_error(self) -> CaptoolsError | None:
        """Return this point's failure as the kind of error it is; None where it is fine."""
        if self.state is not State.FAILED:
            return None
        return UsageError(self.error) if self.fault is Fault.EXPRESSION else CaptureFailed(self.error)
