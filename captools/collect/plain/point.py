"""One tool on a node without Python: its shell, its packets, its words, and how it ended."""

from __future__ import annotations

import secrets

from captools.collect.plain.script import ALIVE, COUNTS, STOP, tool_script
from captools.collect.plain.stream import Greeting, Shell
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.targets import Target
from captools.collect.way_home import ToolSpec


class PlainPoint:
    """Feed it what its shell prints. Only its node's thread calls it."""

    def __init__(self, target: Target, point: PointCapture, spec: ToolSpec) -> None:
        self.point = point
        self.signalled_ns = 0  # on the node's clock
        self.code: int | None = None  # the tool's exit code, negative for a signal; None while nobody told
        argv = spec["argv"]
        assert isinstance(argv, (list, tuple))
        self._mark = f"captools-{secrets.token_hex(8)}"
        self._ready = str(spec["ready"])
        self._asks = bool(spec.get("poll_signal"))
        self._line = b""
        self._greeting = Greeting(self._mark)
        self.shell = Shell(target, tool_script(self._mark, [str(part) for part in argv]))

    @property
    def connected(self) -> bool:
        """True once the far shell has spoken."""
        return self._greeting.seen

    def take_packets(self, data: bytes) -> None:
        """Keep what came on stdout; OSError where it cannot be kept, ValueError where it is no tool's output."""
        packets = self._greeting.feed(data)
        if packets:
            self.point.take(packets)

    def take_words(self, data: bytes, now_ns: int) -> None:
        """Keep what came on stderr, and act on it. ``now_ns``: the node's clock as we know it."""
        self.shell.hear(data)
        *lines, self._line = (self._line + data).split(b"\n")
        self._line = self._line[-64 * 1024 :]  # a line without an end is kept at its end
        for line in lines:
            if line.startswith(self._mark.encode()):
                self._exit(line)
            elif line:
                self.point.hear(line + b"\n")
        if not self.point.started_ns and self._ready in self.point.said:
            # It was listening a little earlier: the claim to have listened is never too wide.
            self.point.ready(now_ns)

    def _exit(self, line: bytes) -> None:
        words = line.decode("ascii", "replace").split()
        if len(words) == 3 and words[1] == "exit" and words[2].isdigit():
            code = int(words[2])
            self.code = 128 - code if code > 128 else code  # sh: 128 and the signal's number

    def beat(self, *, counts: bool) -> None:
        """Tell the far shell that we are here, and have the tool print its counts where ``counts`` asks for it."""
        listening = self.point.state is State.LISTENING and not self.signalled_ns
        self.shell.tell(COUNTS if counts and listening and self._asks else ALIVE)

    def stop(self, now_ns: int) -> None:
        """Ask the tool to end, once."""
        if not self.signalled_ns:
            self.signalled_ns = now_ns
            self.shell.tell(STOP)
