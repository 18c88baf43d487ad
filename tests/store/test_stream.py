"""Capture files as streams: plain, gzip, zstd, pipes."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pyarrow as pa
import pytest

from captools.model.errors import MalformedCapture
from captools.store.stream import open_stream, read_exactly

DATA = bytes(range(256)) * 2_000


def everything(path: Path) -> bytes:
    with open_stream(path) as stream:
        head = read_exactly(stream, 24)
        space, parts = memoryview(bytearray(10_000)), [head]
        while count := stream.readinto(space):
            parts.append(bytes(space[:count]))
    return b"".join(parts)


def test_plain_gzip_and_zstd_give_the_same_bytes(tmp_path):
    for name, data in (("plain", DATA), ("gz", gzip.compress(DATA)), ("zst", pa.compress(DATA, "zstd").to_pybytes())):
        path = tmp_path / name
        path.write_bytes(data)
        assert everything(path) == DATA, name


def test_a_pipe_is_read_as_it_comes(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    if (child := os.fork()) == 0:
        path.write_bytes(DATA)
        os._exit(0)
    assert everything(path) == DATA
    os.waitpid(child, 0)


def test_a_file_that_is_shorter_than_asked_gives_what_it_has(tmp_path):
    (tmp_path / "short").write_bytes(b"abc")
    assert everything(tmp_path / "short") == b"abc"


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(MalformedCapture, match="no such file; check"), open_stream(tmp_path / "none"):
        pass
    with pytest.raises(MalformedCapture, match="cannot be read"), open_stream(tmp_path) as stream:
        read_exactly(stream, 4)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: pa.compress(data, "zstd").to_pybytes()])
def test_the_stream_says_how_its_packing_ends(tmp_path, pack):
    path = tmp_path / "x"
    for cut, wanted in ((0, False), (9, pack is not bytes)):
        packed = pack(DATA)
        path.write_bytes(packed[: len(packed) - cut])
        with open_stream(path) as stream:
            space = memoryview(bytearray(10_000))
            while stream.readinto(space):
                pass
            assert ("end early" in stream.damage) is wanted
