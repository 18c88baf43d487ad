"""A network namespace of its own for a test: it lives as long as one process and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

Run = Callable[..., str]


@pytest.fixture
def in_namespace() -> Iterator[Run]:
    """Give a function that runs a program in a fresh network namespace and returns what it prints."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "120"])
    here, end = os.readlink("/proc/self/ns/net"), time.monotonic() + 5
    while os.readlink(f"/proc/{holder.pid}/ns/net") == here and time.monotonic() < end:
        time.sleep(0.01)

    def run(*argv: str, check: bool = True, stdin: str = "") -> str:
        command = ["nsenter", f"--net=/proc/{holder.pid}/ns/net", *argv]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=20)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    yield run
    holder.kill()
    holder.wait()
