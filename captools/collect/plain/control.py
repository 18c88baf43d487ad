"""The channel on which a node without Python tells its facts and its clock, at the start and once more at the end."""

from __future__ import annotations

import secrets

from captools.collect.clocks import ClockReader
from captools.collect.plain.script import Answers, facts_script
from captools.collect.plain.stream import Shell
from captools.collect.targets import Target
from captools.model.session import ClockReading


class PlainControl:
    """Feed it what its shell prints; ``complete`` once everything asked for has been told."""

    def __init__(self, target: Target) -> None:
        self._answers = Answers(f"captools-{secrets.token_hex(8)}")
        self._reader = ClockReader()
        self.told: dict[str, list[str]] = {}
        self.clock: ClockReading | None = None
        self.complete = False
        self.shell = Shell(target, facts_script(self._answers.mark))

    def feed(self, data: bytes) -> None:
        """Take the shell's output; ValueError where it never makes sense."""
        before = len(self._answers.times)
        self._answers.feed(data)
        if self._answers.told is not None:
            self.told, self._answers.told = self._answers.told, None
            self._ask_clock()
        for node_ns in self._answers.times[before:]:
            # A date that knows no nanoseconds will not know them next time.
            if self._reader.take({"time_ns": node_ns}) or node_ns is None:
                self.clock, self.complete = self._reader.best, True
            else:
                self._ask_clock()

    def _ask_clock(self) -> None:
        self._reader.ask()
        self.shell.tell(b"clock\n")

    def ask_again(self) -> None:
        """Have everything told once more."""
        self.complete, self.clock, self._reader = False, None, ClockReader()
        self.shell.tell(b"again\n")

    @property
    def said(self) -> str:
        """What came in place of an answer: the client's words, a login shell's."""
        return bytes(self.shell.said).decode("utf-8", "replace") + "\n" + self._answers.banner
