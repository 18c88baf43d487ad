"""The tools of a node without Python, together."""

from __future__ import annotations

import os
import time

from captools.collect.plain.points import CONNECTING_AT_ONCE, PlainPoints, Reader
from captools.collect.planning.plan import PlannedRun
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.request import CaptureRequest
from captools.collect.targets import LOCAL
from captools.model.errors import CaptureFailed
from captools.model.points import Point, Role

SAYS = "echo 'listening on it' >&2; "
WAITS = "trap 'exit 0' TERM; " + SAYS + "while :; do sleep 0.05; done"


def a_point(number: int = 1, tool: str = "tcpdump") -> PointCapture:
    run = PlannedRun(
        channel=number, point=Point(node="n1", interface=f"eth{number}"), role=Role.NIC, argv=(tool,), filter=""
    )
    return PointCapture(run=run, request=CaptureRequest(targets=(LOCAL,), tool=tool))


def spec(number: int, script: str, packets: str = "stdout") -> dict[str, object]:
    return {"channel": number, "argv": ["sh", "-c", script], "packets": packets, "ready": "listening on"}


def serve(points: PlainPoints, reader: Reader, until) -> None:
    deadline = time.monotonic() + 15
    while not until():
        assert time.monotonic() < deadline
        points.start_some()
        reader.wait(0.1)


def made() -> tuple[PlainPoints, Reader]:
    reader = Reader()
    return PlainPoints(LOCAL, reader, lambda said, what: CaptureFailed(f"{what}; {said.strip()}")), reader


def test_few_connect_at_once_and_all_are_started_and_stopped():
    points, reader = made()
    captures = [a_point(number) for number in range(8)]
    for number, point in enumerate(captures):
        points.add(point, spec(number, WAITS))
    points.start_some()
    assert len(points.running) == CONNECTING_AT_ONCE and not points.over
    serve(points, reader, lambda: all(point.state is State.LISTENING for point in captures))
    points.stop()
    serve(points, reader, lambda: points.over)
    assert {point.state for point in captures} == {State.STOPPED}
    reader.close()


def test_a_tool_that_ends_by_itself_and_a_channel_that_is_cut_are_told_apart():
    points, reader = made()
    ended, cut = a_point(1), a_point(2)
    points.add(ended, spec(1, SAYS + "exit 7"))
    points.add(cut, spec(2, WAITS))
    serve(points, reader, lambda: ended.state is State.FAILED and cut.state is State.LISTENING)
    assert "ended by itself with code 7" in ended.error
    points.running[0].shell.kill()
    serve(points, reader, lambda: points.over)
    assert "the connection ended during the capture" in cut.error
    reader.close()


def test_a_tool_of_two_streams_is_refused():
    points, _ = made()
    point = a_point(tool="ngrep")
    points.add(point, spec(1, WAITS, packets="pipe"))
    assert points.over and "needs python3 on the node" in point.error


def test_the_reader_tells_pieces_and_the_end_once():
    reader, told = Reader(), []
    source, sink = os.pipe()
    reader.watch(source, told.append)
    before = reader.heard
    os.write(sink, b"one")
    reader.wait(1)
    os.close(sink)
    reader.wait(1)
    reader.wait(0)
    assert told == [b"one", b""] and reader.heard >= before
    os.close(source)
    reader.close()
