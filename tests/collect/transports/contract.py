"""What every transport must do, tried on real nodes. Each transport's test file subclasses ``Contract``."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from captools.collect.targets import Target
from captools.collect.transports import transport
from captools.model.errors import UsageError

MANY = bytes(range(256)) * 64 * 1024  # 16 MiB with every byte value
CUT_S = 10.0


@dataclass
class Way:
    """A node that can be reached, and how to break the way to it."""

    target: Target
    cut: Callable[[subprocess.Popen[bytes]], None]  # given our end of the channel

    def argv(self, line: str) -> list[str]:
        return transport(self.target.transport).argv(self.target, line)

    def run(self, line: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(self.argv(line), input=data, capture_output=True, timeout=60, check=False)

    def start(self, line: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.argv(line), stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """Cut a way that is nothing but processes."""
    os.killpg(process.pid, signal.SIGKILL)


class Contract:
    """The suite. ``way`` and ``hostile`` (targets with odd names that must run nothing) come from the subclass."""

    @pytest.fixture
    def way(self) -> Way:
        raise NotImplementedError

    def test_a_line_runs_in_a_shell_on_the_node_and_keeps_its_quotes(self, way: Way) -> None:
        line = "printf '%s|' 'a b' \"c  d\" '$HOME' \"it's\"; hostname"
        done = way.run(line)
        assert done.stdout.startswith(b"a b|c  d|$HOME|it's|"), done.stderr
        assert done.stdout.rpartition(b"|")[2].strip() == self.hostname(way)

    def hostname(self, way: Way) -> bytes:
        return b"n1"

    def test_every_byte_goes_both_ways_unchanged(self, way: Way) -> None:
        assert way.run("cat", MANY).stdout == MANY

    def test_stderr_comes_apart_and_the_exit_code_as_it_was(self, way: Way) -> None:
        done = way.run("echo out; echo err >&2; exit 3")
        assert (done.returncode, done.stdout, b"err" in done.stderr) == (3, b"out\n", True)

    def test_the_end_of_our_side_is_heard_there(self, way: Way) -> None:
        assert way.run("cat >/dev/null; echo heard the end", b"some").stdout == b"heard the end\n"

    def test_the_end_of_their_side_is_heard_here_though_we_have_not_ended(self, way: Way) -> None:
        process = way.start("echo first; exit 5")
        assert process.stdin and process.stdout and process.stderr
        assert process.stdout.readline() == b"first\n" and process.stdout.read() == b""
        assert process.wait(CUT_S) == 5
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()

    def test_a_cut_is_noticed_in_time(self, way: Way) -> None:
        process = way.start("echo ready; while echo still here; do sleep 0.1; done")
        assert process.stdin and process.stdout and process.stderr
        assert process.stdout.readline() == b"ready\n"
        started = time.monotonic()
        way.cut(process)
        while process.stdout.read(65536):
            assert time.monotonic() - started < CUT_S
        process.wait(CUT_S)  # with any code: kubectl before WebSockets ends with 0
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()

    def test_ten_at_once_do_not_mix(self, way: Way) -> None:
        answers: dict[int, bytes] = {}

        def one(number: int) -> None:
            answers[number] = way.run("cat", b"%d" % number * 100_000).stdout

        threads = [threading.Thread(target=one, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == {number: b"%d" % number * 100_000 for number in range(10)}

    def hostile(self, way: Way, marker: Path) -> list[Target]:
        """Return targets whose names would make ``marker`` if any shell or option parser took them for its own."""
        return []

    def test_hostile_names_run_nothing(self, way: Way, tmp_path: Path) -> None:
        marker = tmp_path / "ran"
        for target in self.hostile(way, marker):
            try:
                argv = transport(target.transport).argv(target, "true")
            except UsageError as error:
                assert str(error).isprintable()
                continue
            subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        assert not marker.exists()


def hostile_names(marker: Path) -> list[str]:
    """Return names that a shell or an option parser would run."""
    return [
        f"$(touch {marker})", f"`touch {marker}`", f";touch {marker};", f"| touch {marker}", f"x\ntouch {marker}\n",
        f"-oProxyCommand=touch {marker}", f"--kubeconfig={marker}", "a b", "a'b\"c", "\x1b]0;owned\x07", "-x", "",
    ]  # fmt: skip
