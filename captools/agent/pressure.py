"""What happens while there is no room: packets are not read, so pressure reaches the kernel, which counts drops.

Room comes back when something is acknowledged or the disk is freed. A capture that is to end does not wait for
ever: what its tools still have is let go in the end, and counted.
"""

from __future__ import annotations

import selectors
import time
from typing import Dict

from captools.agent.points import PointState
from captools.agent.spool import Spool

HELPLESS_S = 5.0  # full while ending: how long somebody may take to make room…
ATTACHED_S = 15.0  # …and how long where a controller is attached, which acknowledges what it has
LET_GO = "the spool was full when the capture ended: the last packets of it were not kept"


class Pressure:
    """Watches the tools' pipes only while there is room. ``full``: why there is none, in the words of Spool.full."""

    def __init__(self, spool: Spool, selector: selectors.BaseSelector, points: Dict[int, PointState]) -> None:
        self.spool = spool
        self.selector = selector
        self.points = points
        self.paused = False
        self.discarding = False
        self.full = ""
        self.relieved = time.monotonic()  # when room was last made
        self._since = 0.0
        self._sum_s = 0.0

    @property
    def full_s(self) -> float:
        """How long packets were not read so far."""
        return self._sum_s + (time.monotonic() - self._since if self.paused else 0.0)

    def balance(self) -> bool:
        """Make room, and read packets only while there is some; tell whether anything changed."""
        before = self.full
        self.full = self.spool.make_room()
        pause = bool(self.full) and not self.discarding
        if pause != self.paused:
            self._switch(pause)
        return self.full != before

    def _switch(self, pause: bool) -> None:
        now = time.monotonic()
        if pause:
            self._since = self.relieved = now
        else:
            self._sum_s += now - self._since
        self.paused = pause
        for point in self.points.values():
            for descriptor, name in point.tool.pipes.items() if point.tool else ():
                if name == "said":
                    continue
                if pause:
                    self.selector.unregister(descriptor)
                else:
                    self.selector.register(descriptor, selectors.EVENT_READ, point.tool)

    def needed(self) -> bool:
        """True where room must be looked after although nothing was read."""
        if self.paused or self.spool.mode != "keep":
            return True
        return any(stream.blocked for stream in self.spool.streams.values())

    def give_up(self, attached: bool) -> bool:
        """The capture is to end: let go what found no room for too long; tell whether that was done now."""
        patience_s = ATTACHED_S if attached else HELPLESS_S
        if not self.paused or time.monotonic() - self.relieved < patience_s:
            return False
        self.discarding = True
        for stream in self.spool.streams.values():
            stream.discard()
        self.balance()
        return True
