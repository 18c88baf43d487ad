"""One stream as it comes home: pieces in any order of faults, segments that lie, bytes the node has dropped."""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from captools.collect.arrival import Arrival, Gap, OutOfPlace
from captools.collect.records import PcapCounter
from captools.store.arriving import ArrivingFile

HEAD = struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)


def record(number: int, size: int = 20) -> bytes:
    return struct.pack("<IIII", number, number, size, size) + bytes([number % 256]) * size


STREAM = HEAD + b"".join(map(record, range(40)))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def arrival(tmp_path):
    one = Arrival(ArrivingFile(tmp_path / "f"), PcapCounter())
    yield one
    one.file.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.large_base_example])
@given(data=st.data())
def test_whatever_is_sent_twice_or_comes_damaged_the_file_is_the_stream_and_readers_hear_it_once(tmp_path, data):
    (tmp_path / "f").unlink(missing_ok=True)
    arrival, heard = Arrival(ArrivingFile(tmp_path / "f"), PcapCounter()), b""
    start, damaged = 0, 0
    while arrival.marked < len(STREAM):
        end = min(len(STREAM), start + data.draw(st.integers(200, 800)))
        offset = data.draw(st.integers(0, arrival.held))
        piece = STREAM[offset:end]
        bad = damaged < 3 and len(piece) > 30 and data.draw(st.booleans())
        sent = bytes([piece[-1] ^ 1]) if bad else piece[-1:]
        news = arrival.take(offset, piece[:-1] + sent)
        if not bad:
            heard += news
        else:
            heard += news[:-1] + piece[-1:] if news else b""
            damaged += 1
        right = arrival.check(start, end - start, sha(STREAM[start:end]))
        assert right == (STREAM[start:end] == (tmp_path / "f").read_bytes()[start:end] and arrival.marked >= end)
        start = arrival.marked
    arrival.file.close()
    assert (tmp_path / "f").read_bytes() == STREAM and arrival.file.sha256 == sha(STREAM)
    assert arrival.counter is not None and arrival.counter.packets == 40
    assert heard == STREAM and arrival.lost == 0


def test_a_piece_from_further_on_and_a_segment_that_is_not_here_are_refused(arrival):
    arrival.take(0, STREAM[:100])
    with pytest.raises(OutOfPlace, match="byte 101 came, and byte 100"):
        arrival.take(101, b"x")
    with pytest.raises(OutOfPlace, match="ends at byte 101"):
        arrival.check(0, 101, "")
    assert arrival.held == 100


def test_a_segment_that_began_before_we_joined_is_checked_over_its_whole_range(arrival):
    arrival.take(0, STREAM[:100])
    assert arrival.check(0, 100, sha(STREAM[:100])) and arrival.marked == 100
    arrival.take(100, STREAM[100:200])
    assert arrival.check(50, 150, sha(STREAM[50:200])) and arrival.marked == 200
    arrival.take(200, STREAM[200:300])
    assert arrival.check(250, 50, sha(STREAM[250:300])) and arrival.marked == 200  # nobody vouched for 200 to 250
    assert arrival.check(0, 60, "checked before")


def test_a_gap_cuts_the_broken_record_and_goes_on_at_the_next(arrival, tmp_path):
    first = len(HEAD) + 2 * len(record(0))
    arrival.take(0, STREAM[: first + 10])
    later = len(HEAD) + 30 * len(record(0))
    assert arrival.skip(later) == b"" and arrival.held == later
    arrival.take(later, STREAM[later:])
    assert arrival.check(later, len(STREAM) - later, sha(STREAM[later:]))
    assert (tmp_path / "f").read_bytes() == STREAM[:first] + STREAM[later:]
    assert arrival.lost == later - first and arrival.gaps == [Gap(offset=later, place=first, lost=later - first)]
    assert arrival.counter is not None and (arrival.counter.packets, arrival.counter.close()) == (12, "")


def test_a_stream_whose_beginning_is_gone_gets_its_header_back(arrival, tmp_path):
    later = len(HEAD) + 30 * len(record(0))
    assert arrival.skip(later, HEAD) == HEAD
    assert arrival.take(later, STREAM[later:]) == STREAM[later:]
    assert (tmp_path / "f").read_bytes() == HEAD + STREAM[later:] and arrival.lost == later - len(HEAD)


def test_a_former_runs_file_is_right_as_far_as_the_node_has_let_go(tmp_path):
    (tmp_path / "f").write_bytes(STREAM[:500] + b"never synced")
    arrival = Arrival(ArrivingFile.again(tmp_path / "f"), PcapCounter())
    arrival.take_up(400)
    assert (arrival.held, arrival.marked) == (400, 400) and (tmp_path / "f").stat().st_size == 400
    assert arrival.take(0, STREAM) == STREAM[400:]
    assert arrival.check(400, len(STREAM) - 400, sha(STREAM[400:])) and arrival.file.sha256 == sha(STREAM)
    arrival.file.close()


def test_a_former_runs_gap_is_known_to_the_next(tmp_path):
    first, later = len(HEAD) + 2 * len(record(0)), len(HEAD) + 30 * len(record(0))
    (tmp_path / "f").write_bytes(STREAM[:first] + STREAM[later : later + 50])
    arrival = Arrival(ArrivingFile.again(tmp_path / "f"), PcapCounter())
    arrival.gaps = [Gap(offset=later, place=first, lost=later - first)]
    arrival.take_up(later)
    assert arrival.held == later and (tmp_path / "f").stat().st_size == first
    arrival.take(later, STREAM[later:])
    assert arrival.counter is not None and arrival.counter.packets == 12 and arrival.lost == later - first
    arrival.file.close()


def test_a_segment_whose_first_part_another_controller_has_is_taken_and_the_next_one_checked(tmp_path):
    (tmp_path / "f").write_bytes(HEAD)
    arrival = Arrival(ArrivingFile.again(tmp_path / "f"), PcapCounter())
    arrival.left_over = True
    arrival.gaps = [Gap(offset=24 + 36 * 10, place=24, lost=36 * 10, fetched=True)]
    arrival.take_up(final=24 + 36 * 9)  # the node's oldest segment begins somewhere in record 9
    assert arrival.held == arrival.begins == 24 + 36 * 10 and arrival.lost == 0
    arrival.take(arrival.held, STREAM[arrival.held : 24 + 36 * 20])
    assert arrival.check(340, 24 + 36 * 20 - 340, sha(STREAM[340 : 24 + 36 * 20])) and arrival.marked == 24 + 36 * 20
    arrival.take(arrival.held, b"x" + STREAM[24 + 36 * 20 + 1 :])
    assert not arrival.check(24 + 36 * 20, 36 * 20, sha(STREAM[24 + 36 * 20 :]))
    arrival.take(arrival.held, STREAM[24 + 36 * 20 :])
    assert arrival.check(24 + 36 * 20, 36 * 20, sha(STREAM[24 + 36 * 20 :]))
    arrival.file.close()
    assert (tmp_path / "f").read_bytes() == HEAD + STREAM[24 + 36 * 10 :] and arrival.counter.packets == 30
