"""The command line as a user runs it: whole, with its exit code, its stdout and its stderr."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from captools.cli.main import run
from tests.collect.kube_fixtures import kube  # noqa: F401  (a fixture)


@dataclass(frozen=True, slots=True)
class Done:
    """What one run left."""

    code: int
    stdout: bytes
    err: str

    @property
    def out(self) -> str:
        return self.stdout.decode()


Captools = Callable[..., Done]


@pytest.fixture
def captools(monkeypatch: pytest.MonkeyPatch) -> Captools:
    """Run the command line inside this process: `run()` itself, so that errors and exit codes are the real ones."""

    def call(*words: object, stdin: bytes = b"") -> Done:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        monkeypatch.setattr(sys, "argv", ["captools", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stop:
            run()
        code = stop.value.code
        assert isinstance(code, int)
        return Done(code, out.buffer.getvalue(), err.buffer.getvalue().decode())  # type: ignore[attr-defined]

    return call


@pytest.fixture
def process() -> Captools:
    """Run the command line as a process of its own."""

    def call(*words: object, stdin: bytes = b"", **environ: str) -> Done:
        argv = [sys.executable, "-m", "captools.cli", *map(str, words)]
        done = subprocess.run(
            argv, input=stdin, capture_output=True, timeout=60, check=False, env={**_environ(), **environ}
        )
        return Done(done.returncode, done.stdout, done.stderr.decode())

    return call


def _environ() -> dict[str, str]:
    import os

    return dict(os.environ)


def one_sentence(done: Done) -> str:
    """Return what stderr says, after checking that it is one harmless line without a traceback."""
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("captools: ") and lines[0].isprintable() and "Traceback" not in lines[0]
    return lines[0]
