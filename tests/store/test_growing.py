"""Growing files as `tail -F` follows them, and pipes."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from captools.model.errors import MalformedCapture, UsageError
from captools.store.growing import GrowingFile, Pipe


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "a.pcap"
    path.write_bytes(b"one")
    return path


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_what_is_appended_comes_and_nothing_twice(path):
    growing = GrowingFile(path)
    assert [growing.read(), growing.read(), growing.renewed()] == [b"one", b"", ""]
    append(path, b"two")
    assert [growing.read(), growing.read()] == [b"two", b""]


def test_a_file_that_was_moved_is_read_to_its_end_before_the_new_one(path):
    growing = GrowingFile(path)
    growing.read()
    path.rename(path.with_suffix(".1"))
    assert growing.renewed() == ""  # the new one is not there yet
    append(path.with_suffix(".1"), b"last")
    path.write_bytes(b"new")
    assert growing.renewed() == "" and growing.read() == b"last"
    assert growing.renewed() == "a.pcap was replaced: the new file is read from its beginning"
    assert growing.read() == b"new" and growing.renewed() == ""


def test_a_file_that_shrinks_is_read_anew(path):
    growing = GrowingFile(path)
    growing.read()
    path.write_bytes(b"2")
    assert growing.read() == b""
    assert growing.renewed() == "a.pcap shrank to 1 bytes: it is read anew from its beginning"
    assert growing.read() == b"2"


def test_the_rest_is_what_is_there_now(path):
    growing = GrowingFile(path)
    assert list(growing.rest()) == [b"one"] and list(growing.rest()) == []


def test_a_packed_file_is_refused_with_the_way_round(path):
    path.write_bytes(gzip.compress(b"x"))
    with pytest.raises(UsageError, match="packed with gzip cannot be followed; zcat it into"):
        GrowingFile(path)
    with pytest.raises(MalformedCapture, match="no such file"):
        GrowingFile(path.with_name("none"))


def test_a_pipe_gives_what_comes_until_its_writer_ends(tmp_path):
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    with subprocess.Popen(["sh", "-c", f"printf one > {fifo}; sleep 0.2; printf two > {fifo}"]):
        pipe = Pipe(fifo)
        assert pipe.read() == b"one" and pipe.renewed() == ""
    pipe = Pipe(Path("/dev/null"))
    assert pipe.read() is None
    with pytest.raises(MalformedCapture, match="no such file"):
        Pipe(tmp_path / "none")


def test_after_ctrl_c_the_last_bytes_of_a_pipe_still_come(tmp_path):
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    with subprocess.Popen(["sh", "-c", f"(printf one; sleep 0.2; printf two) > {fifo}"]):
        assert b"".join(Pipe(fifo).rest()) == b"onetwo"
