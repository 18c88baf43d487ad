"""The live pcapng as its readers see it: tshark on a pipe, a reader that goes, one that takes nothing."""

from __future__ import annotations

import os
import subprocess
import threading
import time

import pytest

from captools.collect.live import pcapng as live
from captools.collect.live.pcapng import PcapngSink
from captools.collect.live.sinks import LivePoint
from captools.model.points import Point, Role
from captools.model.session import ToolCounts
from captools.wire.pcapng import read_pcapng
from captures.build import ethernet, ipv4, pcap, udp

START = 1_700_000_000_000_000_000
POINTS = [
    LivePoint(key=0, point=Point("k8s-w1", "eth1"), role=Role.NIC, filter="udp", clock_offset_ns=1_500_000),
    LivePoint(key=1, point=Point("router", "eth0"), role=Role.NIC, tool="ngrep", clock_offset_ns=-2_000_000_000),
]


def stream(*numbers: int) -> bytes:
    frames = [
        ethernet(ipv4(udp(sport=1000 + one, dport=9), src="10.0.0.1", dst="10.0.0.2", proto=17)) for one in numbers
    ]
    return pcap([(START + number, frame) for number, frame in zip(numbers, frames, strict=True)])


def test_tshark_reads_along_with_names_order_and_counts():
    stop = threading.Event()
    tshark = subprocess.Popen(
        ["tshark", "-l", "-n", "-i", "-", "-T", "fields", "-e", "frame.interface_name", "-e",
         "frame.interface_description", "-e", "udp.srcport"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert tshark.stdin is not None and tshark.stdout is not None
        sink = PcapngSink(tshark.stdin.fileno(), stop)
        sink.begin(POINTS, None)
        sink.feed(0, stream(0, 2, 4))
        sink.feed(1, stream(1, 3, 5))
        nic = ["k8s-w1/eth1", "nic of k8s-w1, its clock runs 1.50 ms ahead of this machine's"]
        other = ["router/eth0", "nic of router, by ngrep, its clock runs 2.00 s behind this machine's"]
        # While it grows: nothing has ended yet.
        assert [tshark.stdout.readline().rstrip("\n").split("\t") for _ in range(5)] == [
            [*(other if number % 2 else nic), str(1000 + number)] for number in range(5)
        ]
        sink.end({0: ToolCounts(received=3, dropped=1)}, threading.Event())
        tshark.stdin.close()
        assert tshark.stdout.readline().rstrip("\n").split("\t") == [*other, "1005"]
        assert tshark.wait(20) == 0 and sink.notes == [] and not stop.is_set()
    finally:
        tshark.kill()
        tshark.wait()


def test_a_file_gets_everything_and_the_counts_of_every_point(tmp_path):
    path = tmp_path / "live.pcapng"
    with path.open("wb") as file:
        sink = PcapngSink(file.fileno(), threading.Event())
        sink.begin(POINTS, None)
        for number in range(2):
            data = stream(*range(number, 2000, 2))
            threading.Thread(
                target=lambda key=number, data=data: [
                    sink.feed(key, data[at : at + 999]) for at in range(0, len(data), 999)
                ]
            ).run()
        sink.end({0: ToolCounts(received=1000, dropped=0), 1: ToolCounts(dropped=7)}, threading.Event())
    records = read_pcapng(path.read_bytes(), "x")
    assert records.ts_ns.tolist() == [START + number for number in range(2000)]
    assert [one.dropped for one in records.interfaces] == [0, 7]


def test_a_reader_that_goes_ends_the_capture_even_where_no_packet_comes():
    reading, writing = os.pipe()
    stop = threading.Event()
    sink = PcapngSink(writing, stop)
    sink.begin(POINTS, None)
    sink.feed(0, stream())
    assert os.read(reading, 100)
    assert not stop.wait(0.2)
    os.close(reading)
    assert stop.wait(5)
    for _ in range(100):
        sink.feed(0, b"x" * (1 << 20))  # nobody waits for a reader that is gone
    sink.end({}, threading.Event())
    os.close(writing)


@pytest.mark.parametrize("hurry", [False, True])
def test_a_reader_that_takes_nothing_is_left_behind_in_bounded_time(monkeypatch, hurry):
    monkeypatch.setattr(live, "STUCK_S", 1.0)
    reading, writing = os.pipe()
    sink, hurried = PcapngSink(writing, threading.Event()), threading.Event()
    sink.begin(POINTS[:1], None)
    sink.feed(0, stream(*range(20_000)))
    if hurry:
        hurried.set()
    begun = time.monotonic()
    sink.end({}, hurried)
    assert time.monotonic() - begun < (0.9 if hurry else 3)
    assert sink.notes == ["the reader of the live stream did not take its end; it was left behind"]
    os.close(reading)  # its thread ends
    sink._thread.join(5)
    os.close(writing)


def test_once_everything_stops_no_node_waits_for_a_reader_that_takes_nothing(monkeypatch):
    monkeypatch.setattr(live, "STUCK_S", 0.3)
    reading, writing = os.pipe()
    stop, done = threading.Event(), threading.Event()
    sink = PcapngSink(writing, stop)
    sink.begin(POINTS[:1], None)
    data = stream(*range(20_000))

    def feed() -> None:
        sink.feed(0, data)
        for _ in range(9):
            sink.feed(0, data[24:])
        done.set()

    thread = threading.Thread(target=feed)
    thread.start()
    assert not done.wait(0.6)  # while it runs, a reader may take its time
    stop.set()
    assert done.wait(5)
    begun = time.monotonic()
    sink.end({}, threading.Event())
    assert time.monotonic() - begun < 0.2 and len(sink.notes) == 1
    os.close(reading)
    for one in (thread, sink._thread):
        one.join(5)
    os.close(writing)


def test_packets_that_came_too_late_are_told(tmp_path):
    path = tmp_path / "x"
    with path.open("wb") as file:
        sink = PcapngSink(file.fileno(), threading.Event())
        sink.begin(POINTS[:1], None)
        sink.feed(0, stream(5))
        deadline = time.monotonic() + 5
        while not (path.stat().st_size and len(read_pcapng(path.read_bytes(), "x"))):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        sink.feed(0, stream(3)[24:])
        sink.end({}, threading.Event())
    assert len(sink.notes) == 1 and sink.notes[0].startswith("1 of 2 packets came too late for their place")
