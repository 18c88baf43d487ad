"""What comes through a pipe is kept whole, privately, and not for ever."""

from __future__ import annotations

import io
import stat
import subprocess
import sys
from pathlib import Path

from captools.store.spool import keep

DATA = bytes(range(256)) * 20_000  # more than one step of copying


def test_all_of_the_stream_is_kept_under_the_name_given():
    path = keep(io.BytesIO(DATA), "stdin")
    assert path.name == "stdin" and path.read_bytes() == DATA


def test_nobody_else_can_read_it():
    assert stat.S_IMODE(keep(io.BytesIO(b"secret"), "stdin").parent.stat().st_mode) == 0o700


def test_two_streams_do_not_meet():
    assert keep(io.BytesIO(b"a"), "stdin") != keep(io.BytesIO(b"b"), "stdin")


def test_it_is_gone_when_the_program_ends():
    code = "import sys; from captools.store.spool import keep; print(keep(sys.stdin.buffer, 'stdin'))"
    done = subprocess.run([sys.executable, "-c", code], input=DATA, capture_output=True, timeout=60, check=True)
    path = Path(done.stdout.decode().strip())
    assert path.name == "stdin" and not path.parent.exists()
