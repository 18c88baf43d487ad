"""One stream of one tool on the node's disk: segments, each with its sha256.

Offsets count the tool's own bytes from its start, whatever was dropped since. A disk that is full is no error
here: what could not be written stays in memory (one read at most) and ``retry`` tries again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from typing import Any, Dict, List, Optional, Union

from captools.agent.borders import FILE_HEADER, LONGEST_RECORD, Lines, Records

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
Bytes = Union[bytes, memoryview]


def file_name(channel: int, stream: str, start: int) -> str:
    """Return the name of the segment that begins at byte ``start``."""
    return "%d-%s-%015d.seg" % (channel, stream, start)


class Segment:
    """A finished segment. ``first_ns`` and ``last_ns`` are stamps of packets, ``written`` is CLOCK_MONOTONIC."""

    def __init__(self, start: int, length: int, sha256: str, first_ns: int, last_ns: int, written: float) -> None:
        self.start = start
        self.length = length
        self.sha256 = sha256
        self.first_ns = first_ns
        self.last_ns = last_ns
        self.written = written

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.length

    def document(self) -> Dict[str, Any]:
        """Return it for state.json."""
        return {
            "start": self.start,
            "length": self.length,
            "sha256": self.sha256,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "written": round(self.written, 3),
        }


class Stream:
    """Takes bytes, keeps files. ``folder`` is a descriptor; with ``borders`` segments end between records or lines."""

    def __init__(
        self, folder: int, channel: int, name: str, segment_bytes: int, borders: Union[Records, Lines, None] = None
    ) -> None:
        self.folder = folder
        self.channel = channel
        self.name = name
        self.segment_bytes = segment_bytes
        self.borders = borders
        self.segments: List[Segment] = []  # finished, oldest first
        self.just_sealed: List[Segment] = []  # until the keeper has told of them
        self.header = b""  # the pcap file header
        self.acked = 0
        self.dropped = 0
        self.note = ""  # a sentence once borders were lost
        self._file: Optional[int] = None
        self._start = 0
        self._length = 0
        self._opened = 0.0
        self._touched = 0.0
        self._hash = hashlib.sha256()
        self._tail = b""  # an incomplete record or line
        self._unwritten = b""

    # -- how it stands -----------------------------------------------------------------------------------

    @property
    def written(self) -> int:
        """The offset behind the last byte on the disk."""
        return self._start + self._length

    @property
    def oldest(self) -> int:
        """The first byte still here."""
        return self.segments[0].start if self.segments else self._start

    @property
    def used(self) -> int:
        """Bytes on the disk."""
        return self.written - self.oldest

    @property
    def blocked(self) -> bool:
        """True while bytes wait in memory for room on the disk."""
        return bool(self._unwritten)

    @property
    def waiting(self) -> int:
        """Bytes in memory that are not on the disk yet."""
        return len(self._unwritten) + len(self._tail)

    @property
    def open_since(self) -> Optional[float]:
        """When the first byte of the unfinished segment was written; None where there is none."""
        return self._opened if self._length else None

    def document(self) -> Dict[str, Any]:
        """Return the stream's part of STATE."""
        return {
            "written": self.written,
            "oldest": self.oldest,
            "acked": self.acked,
            "dropped": self.dropped,
            "cut": "records" if self.borders is not None else "anywhere",
        }

    # -- in ----------------------------------------------------------------------------------------------

    def write(self, data: Bytes) -> None:
        """Take bytes; look at ``blocked`` afterwards."""
        if self.name == "data" and len(self.header) < FILE_HEADER:
            self.header += bytes(data[: FILE_HEADER - len(self.header)])
        if self._unwritten:
            self._tail += bytes(data)
        elif self.borders is None:
            self._write_anywhere(data)
        else:
            self._tail += bytes(data)
            self._write_whole()

    def retry(self) -> bool:
        """Try again to write what found no room; tell whether nothing waits any more."""
        waiting, self._unwritten = self._unwritten, b""
        if self._put(waiting):
            if self.borders is None:
                tail, self._tail = self._tail, b""
                self._write_anywhere(tail)
            else:
                self._write_whole()
        return not self._unwritten

    def finish(self) -> None:
        """The tool has ended: write what is incomplete too, and finish the last segment."""
        if self._unwritten and not self.retry():
            return
        tail, self._tail = self._tail, b""
        if self._put(tail):
            self.seal()

    def discard(self) -> int:
        """Throw away what waits in memory; return how much it was."""
        lost = self.waiting
        self._unwritten = self._tail = b""
        self.dropped += lost
        return lost

    def _write_anywhere(self, data: Bytes) -> None:
        view = memoryview(data)
        while view:
            room = max(1, self.segment_bytes - self._length)
            if not self._put(view[:room]):
                self._tail = bytes(view[room:])
                return
            if self._length >= self.segment_bytes:
                self.seal()
            view = view[room:]

    def _write_whole(self) -> None:
        """Write every whole record or line of the tail."""
        block, offset = self._tail, 0
        while self.borders is not None:
            end = self.borders.advance(block, offset, max(1, self.segment_bytes - self._length))
            if end > offset:
                piece, offset = block[offset:end], end
                if not self._put(piece):
                    break
                if self._length >= self.segment_bytes:
                    self.seal()
                continue
            if self.borders.broken or len(block) - offset > LONGEST_RECORD + 64:
                why = self.borders.broken or "a record does not end"
                self.note = "channel %d: cannot be cut between packets from byte %d on (%s)" % (
                    self.channel,
                    self.written,
                    why,
                )
                self.borders = None
            break
        self._tail = block[offset:]
        if self.borders is None and not self._unwritten:
            tail, self._tail = self._tail, b""
            self._write_anywhere(tail)

    def _put(self, data: Bytes) -> bool:
        """Write to the unfinished segment; keep the rest and return False where the disk does not take it."""
        view = memoryview(data)
        while view:
            try:
                if self._file is None:
                    self._file = os.open(
                        file_name(self.channel, self.name, self._start), CREATE, 0o600, dir_fd=self.folder
                    )
                count = os.write(self._file, view)
            except OSError:  # ENOSPC, EDQUOT, EIO, no more files: all of them may pass
                self._unwritten = bytes(view)
                return False
            self._touched = time.monotonic()
            if not self._length:
                self._opened = self._touched
            self._hash.update(view[:count])
            self._length += count
            view = view[count:]
        return True

    # -- segments ----------------------------------------------------------------------------------------

    def seal(self) -> None:
        """Finish the open segment, if it holds anything; not while blocked, which is in the midst of a record."""
        if self._file is None or not self._length or self._unwritten:
            return
        os.close(self._file)
        self._file = None
        borders = self.borders
        first_ns, last_ns = (borders.first_ns, borders.last_ns) if borders is not None else (0, 0)
        segment = Segment(self._start, self._length, self._hash.hexdigest(), first_ns, last_ns, self._touched)
        self.segments.append(segment)
        self.just_sealed.append(segment)
        self._start, self._length = segment.end, 0
        self._hash = hashlib.sha256()
        if borders is not None:
            borders.restart()

    def drop_oldest(self) -> int:
        """Delete the oldest finished segment; return its bytes, 0 where there is none."""
        if not self.segments:
            return 0
        segment = self.segments.pop(0)
        self.dropped += max(0, segment.end - max(segment.start, self.acked))
        self._delete(segment)
        return segment.length

    def ack(self, upto: int) -> bool:
        """Everything below ``upto`` is safe elsewhere: delete what is wholly below; tell whether this is news."""
        upto = min(upto, self.written)
        if upto <= self.acked:
            return False
        self.acked = upto
        if upto == self.written and self._length >= self.segment_bytes // 2:
            self.seal()
        while self.segments and self.segments[0].end <= upto:
            self._delete(self.segments.pop(0))
        return True

    def _delete(self, segment: Segment) -> None:
        with contextlib.suppress(OSError):  # somebody tidied up by hand
            os.unlink(file_name(self.channel, self.name, segment.start), dir_fd=self.folder)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
