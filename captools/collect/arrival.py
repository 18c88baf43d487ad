"""One stream of one tool as it comes home, by its offsets on the node.

The node sends pieces with their offset, and after each whole segment its length and SHA-256. What was checked
is marked for good; a segment that does not fit is cut off again and asked for once more.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from captools.collect.records import PcapCounter
from captools.store.arriving import ArrivingFile, Unkept


class OutOfPlace(Exception):
    """A piece that cannot stand here; the text says what does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Bytes that the node no longer had: the stream goes on at ``offset``, which stands at ``place`` in the file.

    ``fetched``: another controller has them; else the node has dropped them.
    """

    offset: int
    place: int
    lost: int
    fetched: bool = False


class Arrival:
    """Bytes of one stream: ``held`` is the offset of the next one wanted, ``marked`` of the first unchecked one."""

    def __init__(self, file: ArrivingFile | Unkept, counter: PcapCounter | None = None) -> None:
        self.file = file
        self.counter = counter  # None for a stream that is no pcap
        self.gaps: list[Gap] = []
        self.left_over = False  # the file is a former run's, and ``take_up`` has not been called yet
        self._shift = 0  # stream offset of the file's position 0
        self._told = 0  # how far those who read along have heard
        self._marked_counter = copy.copy(counter)

    @property
    def held(self) -> int:
        """Stream offset up to which everything is here."""
        return self.file.bytes + self._shift

    @property
    def marked(self) -> int:
        """Stream offset up to which everything was checked."""
        return self.file.marked + self._shift

    @property
    def lost(self) -> int:
        """Bytes that never come any more, and that nobody else has either."""
        return sum(gap.lost for gap in self.gaps if not gap.fetched)

    @property
    def begins(self) -> int:
        """Stream offset from which on bytes are here, where another controller has those before; else 0."""
        return self.gaps[0].offset if self.gaps and self.gaps[0].fetched else 0

    def take(self, offset: int, data: bytes) -> bytes:
        """Keep what is new of ``data`` and return what those who read along have not heard yet.

        OutOfPlace where bytes before it are missing; OSError where the disk is full.
        """
        known = self.held - offset
        if known < 0:
            raise OutOfPlace(f"byte {offset:,} came, and byte {self.held:,} is the next one wanted")
        fresh = data[known:] if known else data
        before = self.held
        try:
            self.file.write(fresh)
        finally:
            written = fresh[: self.held - before]
            if self.counter is not None:
                self.counter.feed(written)
        return self._news(before, written)

    def _news(self, start: int, data: bytes) -> bytes:
        known = max(0, self._told - start)
        self._told = max(self._told, start + len(data))
        return data[known:] if known else data

    def check(self, start: int, length: int, sha256: str) -> bool:
        """Compare a segment with what is here; mark it where it is right, else take back all that is unchecked.

        OutOfPlace where its bytes are not here. A segment that was checked before is right.
        """
        end = start + length
        if length < 0 or end > self.held:
            raise OutOfPlace(f"a segment ends at byte {end:,}, and {self.held:,} are here")
        if end <= self.marked:
            return True
        if start < self.begins:
            # Its first part went to another controller, so its hash tells nothing here.
            if end == self.held:
                self.mark()
            return True
        whole = start == self.marked and end == self.held
        found = self.file.since_mark if whole else self.file.digest(max(0, start - self._shift), end - self._shift)
        if found == sha256:
            if start <= self.marked and end == self.held:
                self.mark()
            return True
        self.take_back()
        return False

    def mark(self) -> None:
        """Take everything so far for right."""
        self.file.mark()
        self._marked_counter = copy.copy(self.counter)

    def take_back(self) -> None:
        """Cut off everything that was not checked."""
        self.file.rewind()
        self.counter = copy.copy(self._marked_counter)

    def skip(self, offset: int, header: bytes = b"") -> bytes:
        """Go on at ``offset``: what lies before it and is not here, the node has dropped.

        A record that was cut by that is cut off; ``header`` is written where nothing stands yet. Returns what
        those who read along have to hear.
        """
        missing = offset - self.held
        if missing <= 0:
            return b""
        news = b""
        if self.counter is not None and self.file.bytes:
            self.file.rewind(self.counter.whole)
            self.counter.back_to_whole()
            missing = offset - self.held
        elif header:
            self.file.write(header)
            if self.counter is not None:
                self.counter.feed(header)
            missing, news = offset - len(header), header
        self._shift = offset - self.file.bytes
        self._told = offset
        self.gaps.append(Gap(offset=offset, place=self.file.bytes, lost=missing))
        self.mark()
        return news

    def take_up(self, final: int) -> None:
        """Go on with the file that a former run left, as far as it is surely right; the rest is fetched again.

        ``final``: the offset up to which the node has let go of its copy, because it was checked and on disk here.
        ``gaps`` must be those of the former run.
        """
        assert isinstance(self.file, ArrivingFile)
        length = final
        if self.gaps:
            self._shift = self.gaps[-1].offset - self.gaps[-1].place
            length = max(final - self._shift, self.gaps[-1].place)
        for data in self.file.read_on(length):
            if self.counter is not None:
                self.counter.feed(data)
        self.mark()
        self.file.rewind()
        self._told = self.held
        self.left_over = False
