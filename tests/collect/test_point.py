"""One capture at one point while it runs."""

from __future__ import annotations

import struct

from captools.collect.arrival import Arrival
from captools.collect.planning.plan import PlannedRun
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.records import PcapCounter
from captools.collect.request import CaptureRequest
from captools.collect.tools import Failure
from captools.model.errors import CaptureFailed, UsageError
from captools.model.points import Point, Role
from captools.store.arriving import ArrivingFile

HEAD = struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
RECORD = struct.pack("<IIII", 1, 2, 4, 4) + b"data"


def same(failure: Failure) -> Failure:
    return failure


def point(tmp_path) -> PointCapture:
    run = PlannedRun(channel=1, point=Point("w1", "eth1"), role=Role.NIC, argv=("tcpdump",), filter="udp")
    packets = Arrival(ArrivingFile(tmp_path / "w1__eth1.pcap"), PcapCounter())
    return PointCapture(run=run, request=CaptureRequest(targets=(), bpf="udp"), packets=packets)


def test_a_good_run_ends_stopped_with_counts_and_times_of_the_node(tmp_path):
    one = point(tmp_path)
    one.ready(1_000_000_000)
    one.take(HEAD + RECORD)
    one.hear(
        b"tcpdump: listening on eth1\n1 packet captured\n2 packets received by filter\n0 packets dropped by kernel\n"
    )
    one.ended(0, 9_000_000_000, 5_000_000_000, same)
    one.close()
    record = one.record()
    assert record.ok and record.packets == 1 and record.counts.received == 2 and record.bytes == len(HEAD + RECORD)
    assert record.started.startswith("1970-01-01T00:00:01") and record.stopped.startswith("1970-01-01T00:00:05")
    assert one.as_error() is None


def test_a_refused_filter_is_the_users_fault_and_an_empty_file_goes(tmp_path):
    one = point(tmp_path)
    one.hear(b"tcpdump: can't parse filter expression: syntax error\n")
    one.ended(1, 9, 0, same)
    one.close()
    assert isinstance(one.as_error(), UsageError) and not (tmp_path / "w1__eth1.pcap").exists()
    assert one.record().file == "" and not one.record().ok


def test_a_tool_that_ends_by_itself_or_had_to_be_killed_is_a_failure_that_keeps_its_file(tmp_path):
    one = point(tmp_path)
    one.ready(1)
    one.take(HEAD)
    one.ended(0, 9, 0, same)
    assert isinstance(one.as_error(), CaptureFailed) and "ended by itself with code 0" in one.error
    two = PointCapture(run=one.run, request=one.request)
    two.ready(1)
    two.ended(-9, 9, 5, same)
    assert "had to be killed" in two.error
    three = PointCapture(run=one.run, request=one.request)
    three.ready(1)
    three.ended(-9, 9, 0, same)
    assert three.error == "w1/eth1: tcpdump was killed on the node (signal 9); what came before is kept"
    assert one.record().file == "w1__eth1.pcap"


def test_a_record_that_is_cut_is_said(tmp_path):
    one = point(tmp_path)
    one.ready(1)
    one.take(HEAD + RECORD[:-2])
    one.ended(0, 9, 5, same)
    one.close()
    assert one.state is State.FAILED and "cut in its last record, 2 bytes are missing" in one.error


def test_whoever_reads_along_hears_each_byte_once(tmp_path):
    heard: list[bytes] = []
    one = PointCapture(run=point(tmp_path).run, request=CaptureRequest(targets=()), tell=heard.append)
    one.take(HEAD + RECORD[:5], 0)
    one.take(HEAD[10:] + RECORD, 10)
    assert b"".join(heard) == HEAD + RECORD and one.progress().packets == 1 and one.record().file == ""


def test_the_tools_words_are_heard_once_however_often_they_come(tmp_path):
    one = point(tmp_path)
    one.hear(b"3 packets ", 0)
    one.hear(b"packets captured\n", 2)
    assert one.said == "3 packets captured\n" and one.said_held == 19 and one.counts().captured == 3


def test_a_count_that_differs_from_what_is_here_is_said(tmp_path):
    one = point(tmp_path)
    one.ready(1)
    one.take(HEAD + RECORD)
    one.hear(b"3 packets captured\n")
    one.ended(0, 9, 5, same)
    assert one.progress().packets == 3  # a quiet point's packets rest in the tool's own buffer
    assert one.compare() == "w1/eth1: tcpdump counted 3 packets and 1 are here" and one.record().holes == 1
    one.take(RECORD + RECORD)
    assert one.compare() == "" and one.record().holes == 0


def test_a_stream_that_lost_its_beginning_covers_only_what_is_left(tmp_path):
    one = point(tmp_path)
    one.ready(1)
    one.header = HEAD
    one.skip(5000)
    one.take(RECORD, 5000)
    record = one.record()
    assert record.lost_bytes == 5000 - len(HEAD) and record.started == "1970-01-01T00:00:01.000000002Z"
    assert (tmp_path / "w1__eth1.pcap").read_bytes() == HEAD + RECORD
    assert record.holes == 0
    one.skip(9000)
    one.take(RECORD, 9000)
    assert one.record().holes == 1 and one.record().started == record.started


def test_an_unfinished_file_is_left_for_the_next_run(tmp_path):
    one = point(tmp_path)
    one.close(whole=False)
    assert (tmp_path / "w1__eth1.pcap").exists() and one.state is State.STARTING
