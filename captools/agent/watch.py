"""``--until``: a pattern looked for in what the tools write, on the node, so that a capture can end by itself.

Plain ``re`` over the bytes as they come, with the end of the last piece in front, so that a match of up to
OVERLAP bytes is found across borders. A pattern that takes too long for a piece is given up, and that is said: a
capture must not suffer from it. The limit is processor time per piece (at most 1 MiB).
"""

from __future__ import annotations

import contextlib
import re
import signal
from typing import Any, Dict, Optional, Pattern, Union

from captools.agent.places import Refused

OVERLAP = 1024
MOST_CPU_S = 0.5
LONGEST_PATTERN = 4096


class _TooSlow(Exception):
    pass


def compiled(pattern: object) -> Pattern[bytes]:
    """Return the pattern; Refused where it is none."""
    if not isinstance(pattern, str) or not 0 < len(pattern) <= LONGEST_PATTERN:
        raise Refused("until: a pattern has 1 to %d characters" % LONGEST_PATTERN, "bad-command")
    try:
        return re.compile(pattern.encode())
    except (re.error, RecursionError, OverflowError) as error:
        raise Refused("until: %s is no regular expression (%s)" % (pattern, error), "bad-command") from error


class Watch:
    """Looks at every tool's packets; ``found`` says where the first match was."""

    def __init__(self, pattern: Pattern[bytes], after_s: float) -> None:
        self.pattern = pattern
        self.after_s = after_s
        self.found: Optional[Dict[str, Any]] = None
        self.note = ""
        self._ends: Dict[int, bytes] = {}
        self._seen: Dict[int, int] = {}

    def look(self, channel: int, data: Union[bytes, memoryview]) -> bool:
        """Take the next bytes of a channel's packets; tell whether they hold the first match of all."""
        if self.found is not None or self.note:
            return False
        end = self._ends.get(channel, b"")
        block = end + bytes(data)
        before = self._seen.get(channel, 0) - len(end)
        self._seen[channel] = before + len(block)
        self._ends[channel] = block[-OVERLAP:]
        match = None
        with contextlib.suppress(_TooSlow):  # the timer may go off just behind the search
            match = self._search(block)
        if match is None:
            return False
        self.found = {"channel": channel, "offset": before + match.start()}
        return True

    def _search(self, block: bytes) -> "Optional[re.Match[bytes]]":
        def late(number: int, frame: object) -> None:
            raise _TooSlow

        before = signal.signal(signal.SIGVTALRM, late)
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, MOST_CPU_S)
            return self.pattern.search(block)
        except (_TooSlow, RecursionError, MemoryError):
            self.note = "until: the pattern takes too long (over %.1f s for %d KiB) and is not looked for any more" % (
                MOST_CPU_S,
                len(block) >> 10,
            )
            return None
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
