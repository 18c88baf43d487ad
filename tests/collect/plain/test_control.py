"""Facts and clock of a node without Python, over its own channel."""

from __future__ import annotations

import os
import select
import time

from captools.collect.plain.control import PlainControl
from captools.collect.targets import LOCAL


def complete(control: PlainControl) -> None:
    while not control.complete:
        assert select.select([control.shell.stdout], [], [], 10)[0]
        data = os.read(control.shell.stdout.fileno(), 65536)
        assert data, control.said
        control.feed(data)


def test_facts_then_the_clock_and_both_again():
    control = PlainControl(LOCAL)
    try:
        complete(control)
        first = control.clock
        assert first is not None and first.before_ns <= first.node_ns <= first.after_ns
        assert control.told["euid"] == [f"{os.geteuid()}\n"]
        control.told = {}
        between = time.time_ns()
        control.ask_again()
        complete(control)
        assert control.told and control.clock is not None and control.clock.before_ns > between
    finally:
        control.shell.end()
