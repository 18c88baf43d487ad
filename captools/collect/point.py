"""One capture at one point while it runs: its files, its tool's words, its counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from captools.collect.arrival import Arrival
from captools.collect.clean import clean
from captools.collect.planning.plan import PlannedRun
from captools.collect.progress import PointProgress, State
from captools.collect.records import FILE_HEADER, PcapCounter
from captools.collect.request import CaptureRequest
from captools.collect.tools import Failure, Fault, tool
from captools.model.errors import CaptoolsError, CaptureFailed, UsageError
from captools.model.session import PointRecord, ToolCounts
from captools.model.units import rfc3339
from captools.store.arriving import ArrivingFile, Unkept

MAX_SAID = 64 * 1024


@dataclass(slots=True)
class PointCapture:
    """State of one point. Only its node's thread writes here; others read single values."""

    run: PlannedRun
    request: CaptureRequest
    version: str = ""
    packets: Arrival = field(default_factory=lambda: Arrival(Unkept(), PcapCounter()))
    text: Arrival | None = None
    tell: Callable[[bytes], None] | None = None  # whoever reads along
    state: State = State.STARTING
    said: str = ""
    said_held: int = 0
    started_ns: int = 0  # the node's clock, as the packets' own stamps
    stopped_ns: int = 0
    caught_up_ns: int = 0  # up to when the tool has written all that it received; 0 where it could not be asked
    exit: dict[str, Any] | None = None  # the agent's report of the tool's end
    told: ToolCounts = ToolCounts()  # counts as the node passes them on, where no words of the tool are here
    header: bytes = b""  # the pcap file header, for a stream whose beginning the node has dropped
    written: int = 0  # bytes of packets that the tool has written on the node
    dropped_there: int = 0  # of these, thrown away on the node
    oldest: int = 0  # offset of the first byte of packets that is still on the node
    error: str = ""
    fault: Fault | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def kept_bytes(self) -> int:
        """Bytes of packets that are here."""
        return self.packets.file.bytes

    @property
    def counter(self) -> PcapCounter:
        """What the packets that are here amount to."""
        assert self.packets.counter is not None
        return self.packets.counter

    @property
    def ended_there(self) -> bool:
        """True once the tool has ended, whether or not all of it is here."""
        return self.exit is not None or self.state in (State.STOPPED, State.FAILED)

    def take(self, data: bytes, offset: int | None = None) -> None:
        """Keep packets (those behind the last ones, or at ``offset`` of the tool's stream).

        OSError where the disk is full or nobody reads the live stream; OutOfPlace where some before are missing.
        """
        news = self.packets.take(self.packets.held if offset is None else offset, data)
        if news and self.tell is not None:
            self.tell(news)

    def take_text(self, data: bytes, offset: int | None = None) -> None:
        """Keep text that the tool wrote beside its packets."""
        if self.text is not None:
            self.text.take(self.text.held if offset is None else offset, data)

    def hear(self, words: bytes, offset: int | None = None) -> None:
        """Keep the newest words of the tool's stderr, however much it prints."""
        known = 0 if offset is None else max(0, self.said_held - offset)
        self.said = (self.said + words[known:].decode("utf-8", "replace"))[-MAX_SAID:]
        self.said_held = max(self.said_held, (self.said_held if offset is None else offset) + len(words))

    def skip(self, offset: int) -> None:
        """Go on at ``offset``: the node has dropped what comes before."""
        news = self.packets.skip(offset, self.header)
        if news and self.tell is not None:
            self.tell(news)

    def ready(self, time_ns: int) -> None:
        """The tool is listening since ``time_ns`` on the node's clock."""
        self.started_ns = time_ns
        if self.state is State.STARTING:
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
        elif code < 0:
            self.fail(f"{self.run.point}: {name} was killed on the node (signal {-code}); what came before is kept")
        else:
            words = clean(self.said) or "no word of why"
            self.fail(f"{self.run.point}: {name} ended by itself with code {code} ({words})")

    def fail(self, sentence: str) -> None:
        """Remember the first reason; what was captured stays."""
        self.error = self.error or sentence
        self.state = State.FAILED

    def close(self, *, whole: bool = True) -> None:
        """Finish the files. ``whole``: nothing more is to come, so the end of the stream is looked at.

        A file that never got a byte is removed then, for it holds nothing.
        """
        for arrival in (self.packets, self.text):
            file = arrival.file if arrival is not None else None
            if isinstance(file, ArrivingFile):
                file.close()
                if whole and file.bytes == 0:
                    file.path.unlink(missing_ok=True)
        damage = self.counter.close() if whole and self.kept_bytes else ""
        if damage:
            self.fail(f"{self.run.point}: {damage}")

    def compare(self) -> str:
        """Return what the tool's own count says against the packets that are here; "" where they agree."""
        captured = self.counts().captured
        if self.state is not State.STOPPED or captured is None or captured == self.counter.packets:
            return ""
        lost = f"; {self.packets.lost:,} bytes were dropped on the node" if self.packets.lost else ""
        return (
            f"{self.run.point}: {self.request.tool} counted {captured:,} packets and "
            f"{self.counter.packets:,} are here{lost}"
        )

    def elsewhere(self) -> str:
        """Return what another controller has of this point; "" where nothing."""
        begins = self.packets.begins
        if not begins:
            return ""
        return (
            f"{self.run.point}: begins at byte {begins:,} of its stream; another captools has fetched what came before"
        )

    def counts(self) -> ToolCounts:
        """Return the tool's own counts: by its last words, else as the node passed them on."""
        heard = tool(self.request.tool).counts(self.said)
        newest = heard if heard.captured is not None or heard.dropped is not None else self.told
        return replace(newest, caught_up=self.caught_up_ns > 0)

    def progress(self) -> PointProgress:
        """Return how far this point is."""
        counts = self.counts()
        return PointProgress(
            point=self.run.point,
            state=self.state,
            bytes=self.kept_bytes,
            packets=max(self.counter.packets, counts.captured or 0),
            dropped=counts.dropped,
            message=self.error,
        )

    @property
    def lag(self) -> int:
        """Bytes of packets on the node that are not here yet, and not lost either."""
        return max(0, self.written - max(self.packets.held, self.oldest))

    def record(self) -> PointRecord:
        """Return the manifest's entry as things stand."""
        kept = self.packets.file if isinstance(self.packets.file, ArrivingFile) else None
        text = self.text.file if self.text is not None and isinstance(self.text.file, ArrivingFile) else None
        # Before the first packet that is left, nothing was covered.
        started_ns = (
            self._first_ns() if self.packets.gaps and self.packets.gaps[0].place <= FILE_HEADER else self.started_ns
        )
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
            user_filter=self.run.user_filter,
            match=self.request.match,
            snaplen=self.counter.snaplen,
            linktype=self.counter.linktype,
            started=rfc3339(started_ns) if started_ns else "",
            stopped=rfc3339(self.stopped_ns) if self.stopped_ns else "",
            counts=self.counts(),
            packets=self.counter.packets,
            bytes=self.kept_bytes,
            sha256=kept.sha256 if kept is not None and kept.bytes else "",
            ok=self.state is not State.FAILED,
            error=self.error,
            excluded=self.run.excluded,
            lost_bytes=self.packets.lost,
            holes=self._holes(),
            notes=tuple(self.notes),
        )

    def _holes(self) -> int:
        """Return in how many places packets are missing; what a ring dropped before the first one is no hole."""
        inside = sum(gap.place > FILE_HEADER for gap in self.packets.gaps)
        return inside or int(not self.packets.gaps and bool(self.compare()))

    def _first_ns(self) -> int:
        return max(self.started_ns, self.counter.first_ns or 0)

    def as_error(self) -> CaptoolsError | None:
        """Return this point's failure as the kind of error it is; None where it is fine."""
        if self.state is not State.FAILED:
            return None
        return UsageError(self.error) if self.fault is Fault.EXPRESSION else CaptureFailed(self.error)
