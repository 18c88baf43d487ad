"""What the runner needs of a node, however its packets come home: over the agent's spool or as a plain stream.

Implemented by ``NodeCapture`` (node.py: agent, spool, resumed after every cut) and ``PlainNode``
(plain_node.py: a node without Python, where a cut link loses data).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from captools.collect.facts import NodeFacts
from captools.collect.point import PointCapture
from captools.collect.spooling import SpoolProgress
from captools.collect.targets import Target
from captools.collect.terms import Terms
from captools.model.errors import CaptoolsError
from captools.model.session import ClockReading, NodeRecord

ToolSpec = Mapping[str, object]  # plan.start_command: channel, argv, packets, ready, ready_in, poll_signal


class WayHome(Protocol):
    """One node of a capture, with a thread of its own; the runner calls, looks at events, and never blocks on it.

    Order: ``start`` → ``greeted`` → ``begin`` → ``poll`` now and then → ``stop`` (or ``leave``) → ``done``.
    """

    target: Target
    greeted: threading.Event  # its facts are here, or it failed
    done: threading.Event  # nothing more comes from it
    facts: NodeFacts
    late_texts: dict[str, str]  # facts taken again at the end
    taken: dict[str, int]  # when each of its texts was taken, on its own clock
    late_taken: dict[str, int]
    error: CaptoolsError | None  # why it failed as a whole; each point has its own beside it
    points: dict[int, PointCapture]  # by channel
    local_trouble: OSError | None  # our disk, or the reader of our stdout: the runner ends everything
    clock: list[ClockReading]
    heard: float  # time.monotonic() of the last byte from the node
    cuts: int  # how often the connection was lost and made again
    trouble: str  # what is wrong at this moment (reconnecting and why); the empty string when all is well
    home: bool  # everything is here, and nothing of it is left on the node

    @property
    def ident(self) -> int | None:
        """The thread's; None before ``start``."""

    def start(self) -> None:
        """Connect, in a thread."""

    def is_alive(self) -> bool:
        """True while the thread runs."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread."""

    def begin(self, points: Sequence[PointCapture], tools: Sequence[ToolSpec], terms: Terms) -> None:
        """Start every tool of the plan; its bytes go to ``PointCapture.take``. A plain stream needs no terms."""

    def poll(self) -> None:
        """Ask the tools for their counts; also tells the node that we are still here."""

    def stop(self, wait_s: float) -> None:
        """Stop every tool ``wait_s`` from now, bring everything home, read clock and facts again, leave. Repeatable."""

    def leave(self) -> None:
        """Close the connection and let the tools run (a plain stream cannot: it stops)."""

    def give_up(self, sentence: str) -> None:
        """End at once; what has arrived is kept, and what the node keeps stays fetchable."""

    @property
    def settled(self) -> bool:
        """True once every tool is listening or has ended."""

    @property
    def running(self) -> bool:
        """True while at least one tool runs here, or its bytes are still on their way."""

    def spool(self) -> SpoolProgress:
        """Return what lies on the node and how much of it is not home yet."""

    def record(self) -> NodeRecord:
        """Return the manifest's entry as things stand."""
