"""One stream on the disk: segments, their sums, and a disk that takes nothing."""

from __future__ import annotations

import hashlib
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.agent.borders import Lines, Records
from captools.agent.stream import Stream, file_name
from tests.agent.conftest import full_disk


@pytest.fixture
def folder(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def content(stream, path):
    """Return what lies on the disk, oldest first, and check every finished segment's sum."""
    for segment in stream.segments:
        data = (path / file_name(stream.channel, stream.name, segment.start)).read_bytes()
        assert len(data) == segment.length and hashlib.sha256(data).hexdigest() == segment.sha256
    return b"".join(file.read_bytes() for file in sorted(path.glob(f"{stream.channel}-{stream.name}-*.seg")))


@given(pieces=st.lists(st.binary(max_size=300), max_size=20), size=st.integers(1, 200))
def test_all_bytes_are_there_in_segments_of_the_size_asked_for(tmp_path_factory, pieces, size):
    path = tmp_path_factory.mktemp("spool")
    descriptor = os.open(path, os.O_RDONLY)
    stream = Stream(descriptor, 1, "data", size)
    for piece in pieces:
        stream.write(memoryview(piece))
    stream.finish()
    data = b"".join(pieces)
    assert content(stream, path) == data and stream.written == len(data) == stream.used
    assert all(segment.length == size for segment in stream.segments[:-1])
    assert stream.header == data[:24]
    os.close(descriptor)


def test_files_are_private_and_never_follow_a_link(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / file_name(1, "data", 0)).symlink_to(elsewhere)
    stream = Stream(folder, 1, "data", 100)
    stream.write(b"packets")
    assert stream.blocked and not elsewhere.exists()
    (tmp_path / file_name(1, "data", 0)).unlink()
    assert stream.retry() and (tmp_path / file_name(1, "data", 0)).stat().st_mode & 0o777 == 0o600
    stream.close()


@pytest.mark.parametrize("borders", [None, Lines])
def test_a_full_disk_loses_nothing_and_goes_on(folder, tmp_path, borders):
    stream = Stream(folder, 1, "text", 10, borders() if borders else None)
    stream.write(b"before\n")
    with full_disk():
        stream.write(b"first line\nsecond line\n")
        assert stream.blocked and not stream.retry()
        stream.write(b"third")
        stream.finish()
        assert stream.blocked
    assert stream.retry() and not stream.blocked
    stream.write(b" line\nrest")
    stream.finish()
    assert content(stream, tmp_path) == b"before\nfirst line\nsecond line\nthird line\nrest"


def test_no_segment_ends_in_the_midst_of_a_line_for_want_of_room(folder, tmp_path):
    stream = Stream(folder, 1, "text", 20, Lines())
    with full_disk(at=15):
        stream.write(b"first line\nsecond line\n")
        assert stream.blocked and stream.written == 15 and stream.waiting == 8
        stream.seal()
        assert stream.ack(15) and stream.segments == []
    assert stream.retry()
    stream.finish()
    assert content(stream, tmp_path) == b"first line\nsecond line\n" and [one.length for one in stream.segments] == [23]


def test_what_found_no_room_can_be_let_go_and_is_counted(folder, tmp_path):
    stream = Stream(folder, 1, "data", 100)
    stream.write(b"kept")
    with full_disk():
        stream.write(b"lost")
    assert stream.discard() == 4 == stream.dropped and not stream.blocked
    stream.finish()
    assert content(stream, tmp_path) == b"kept" and stream.written == 4


def test_acknowledged_segments_are_deleted_and_not_before(folder, tmp_path):
    stream = Stream(folder, 1, "data", 10)
    stream.write(bytes(25))
    assert stream.ack(9) and stream.oldest == 0 and stream.used == 25
    assert stream.ack(20) and stream.oldest == 20 and stream.used == 5
    assert not stream.ack(20) and not stream.ack(3)
    assert stream.ack(99) and stream.oldest == 25 and not list(tmp_path.iterdir())
    assert stream.dropped == 0


def test_dropping_counts_only_what_is_not_safe_at_home(folder):
    stream = Stream(folder, 1, "data", 10)
    stream.write(bytes(30))
    stream.ack(4)
    assert stream.drop_oldest() == 10 and stream.dropped == 6 and stream.oldest == 10


def test_a_segment_knows_the_stamps_of_its_packets(folder):
    stream = Stream(folder, 1, "data", 120, Records())
    data = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
    for second in range(6):
        data += struct.pack("<IIII", second + 1, 7, 34, 34) + bytes(34)
    for start in range(0, len(data), 13):
        stream.write(data[start : start + 13])
    stream.finish()
    stamps = [(one.first_ns // 10**9, one.last_ns // 10**9) for one in stream.segments]
    assert stamps == [(1, 2), (3, 5), (6, 6)] and stream.segments[0].first_ns == 1_000_000_007
