"""One tool of a node without Python: packets, words, end."""

from __future__ import annotations

import os
import time

import pytest

from captools.collect.plain.point import PlainPoint
from captools.collect.planning.plan import PlannedRun
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.request import CaptureRequest
from captools.collect.targets import LOCAL
from captools.model.points import Point, Role

PCAP = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000") + bytes(8) + b"\1\0\0\0\1\0\0\0x"
SAYS = "echo 'tcpdump: listening on eth1' >&2; printf '%b' '{}'; ".format("".join(f"\\0{byte:03o}" for byte in PCAP))


def run(script: str) -> tuple[PlainPoint, PointCapture]:
    planned = PlannedRun(
        channel=1, point=Point(node="n1", interface="eth1"), role=Role.NIC, argv=("tcpdump",), filter=""
    )
    point = PointCapture(run=planned, request=CaptureRequest(targets=(LOCAL,)))
    spec = {"channel": 1, "argv": ["sh", "-c", script], "packets": "stdout", "ready": "listening on", "poll_signal": 10}
    return PlainPoint(LOCAL, point, spec), point


def drain(one: PlainPoint) -> None:
    """Feed everything until both outputs have ended."""
    streams = {one.shell.stdout: one.take_packets, one.shell.stderr: lambda data: one.take_words(data, 1000)}
    deadline = time.monotonic() + 10
    while streams:
        assert time.monotonic() < deadline
        for stream in list(streams):
            try:
                data = os.read(stream.fileno(), 7)  # in small pieces: marks and words are cut anywhere
            except BlockingIOError:
                time.sleep(0.005)
                continue
            if data:
                streams[stream](data)
            else:
                del streams[stream]
    one.shell.end()


def test_packets_words_and_exit_code_arrive_apart():
    one, point = run(SAYS + "echo '1 packet captured' >&2; exit 0")
    drain(one)
    assert one.code == 0 and (point.counter.packets, point.kept_bytes, point.counter.close()) == (1, len(PCAP), "")
    assert point.said == "tcpdump: listening on eth1\n1 packet captured\n"
    assert point.started_ns == 1000 and point.state is State.LISTENING


@pytest.mark.parametrize(("how", "code"), [("exit 5", 5), ("kill -9 $$", -9)])
def test_the_end_of_the_tool_is_told_as_it_was(how, code):
    one, _ = run(how)
    drain(one)
    assert one.code == code


def test_stop_and_counts_reach_the_tool():
    one, point = run(SAYS + "trap 'echo counted >&2' USR1; trap 'echo stopped >&2; exit 0' TERM; "
                     "while :; do sleep 0.05; done")  # fmt: skip
    deadline = time.monotonic() + 10
    while "counted" not in point.said and time.monotonic() < deadline:
        time.sleep(0.05)
        try:
            one.take_words(os.read(one.shell.stderr.fileno(), 100), 1000)
        except BlockingIOError:
            one.beat(counts=True)
    one.stop(2000)
    one.stop(3000)
    drain(one)
    assert one.code == 0 and one.signalled_ns == 2000 and "stopped" in point.said
