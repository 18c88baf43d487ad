"""A shell at the far end of a transport."""

from __future__ import annotations

import os
import select
import time

import pytest

from captools.collect.plain.stream import MAX_BANNER, Greeting, Shell
from captools.collect.targets import LOCAL


def test_a_script_runs_and_the_channel_ends_with_it():
    shell = Shell(LOCAL, b"echo out; echo err >&2; exit 3\n")
    assert shell.process.wait(5) == 3
    assert os.read(shell.stdout.fileno(), 100) == b"out\n" and os.read(shell.stderr.fileno(), 100) == b"err\n"
    shell.tell(b"too late\n")
    assert shell.end() == 3


def test_one_that_does_not_end_is_ended():
    shell = Shell(LOCAL, b"trap '' TERM HUP; echo ready; while :; do sleep 1; done\n")
    select.select([shell.stdout], [], [], 5)
    started = time.monotonic()
    assert shell.end(patience_s=0.2) == -9 and time.monotonic() - started < 3


def test_what_a_login_shell_prints_first_is_dropped():
    text = b"Welcome!\nM\nMARK\n\nMARK\n\xd4\xc3\nMARK\n"
    for size in (1, 3, len(text)):
        greeting = Greeting("MARK")
        kept = b"".join(greeting.feed(text[at : at + size]) for at in range(0, len(text), size))
        assert kept == b"\n" + b"MARK\n\xd4\xc3\nMARK\n" and greeting.seen


def test_a_channel_that_never_greets_is_refused():
    greeting = Greeting("MARK")
    with pytest.raises(ValueError, match="other output"):
        greeting.feed(b"y\n" * MAX_BANNER)
    assert not greeting.seen
