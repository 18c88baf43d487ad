"""A node's thread, against peers that stall, die or talk nonsense."""

from __future__ import annotations

import json
import sys
import time
from types import SimpleNamespace

import pytest

from captools.collect import link as link_module
from captools.collect import node as node_module
from captools.collect.node import NodeCapture
from captools.collect.planning.plan import PlannedRun
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.request import CaptureRequest
from captools.collect.targets import LOCAL
from captools.collect.terms import Terms
from captools.collect.transports import local
from captools.model.points import Point, Role


def against(script: str, monkeypatch: pytest.MonkeyPatch) -> NodeCapture:
    """Return a started node whose far end is a script instead of the agent: the wire is real, the peer is bad."""
    peer = SimpleNamespace(argv=lambda target, line: [sys.executable, "-c", script], explain=local.explain)
    monkeypatch.setattr(link_module, "transport", lambda name: peer)
    node = NodeCapture(LOCAL)
    node.start()
    return node


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("raise SystemExit('the disk is on fire')", "no agent could be started (the disk is on fire)"),
        ("print('x' * 400_000)", "something that is not captools' agent"),
        ("import os; os.write(1, b'\\ncaptools-agent/2\\nGET / HTTP/1.1')", "something that is not captools' agent"),
        (
            "import os; os.write(1, b'\\ncaptools-agent/2\\nH\\0\\0\\0\\0\\0\\3{]}')",
            "something that is not captools' agent",
        ),
        ("import os; os.write(1, b'\\ncaptools-agent/2\\n')", "the connection ended during the capture"),
    ],
)
def test_a_bad_peer_is_one_sentence(script, sentence, monkeypatch):
    node = against(script, monkeypatch)
    assert node.done.wait(10) and node.greeted.is_set()
    assert node.error is not None and sentence in str(node.error) and not node.record().ok


def test_a_peer_that_stalls_can_be_given_up_at_once(monkeypatch):
    node = against("import time; time.sleep(60)", monkeypatch)
    time.sleep(0.3)
    assert not node.greeted.is_set()
    begun = time.monotonic()
    node.give_up("no answer within 1 s")
    assert node.done.wait(5) and time.monotonic() - begun < 5
    assert "local: no answer within 1 s" in str(node.error)


def test_the_clock_is_read_between_two_readings_of_ours():
    before = time.time_ns()
    node = NodeCapture(LOCAL)
    node.start()
    assert node.greeted.wait(20)
    node.stop(0)
    assert node.done.wait(20) and node.error is None
    (reading,) = node.clock
    assert before < reading.before_ns <= reading.node_ns <= reading.after_ns < time.time_ns()


def test_an_agent_hears_of_us_also_while_it_sends_without_a_pause(monkeypatch):
    monkeypatch.setattr(node_module, "HEARTBEAT_S", 0.3)
    script = (
        "import os, threading, time\n"
        "def listen():\n"
        "    heard = b''\n"
        "    while b'poll' not in heard: heard += os.read(0, 4096)\n"
        "    os._exit(0)\n"
        "threading.Thread(target=listen).start()\n"
        "os.write(1, b'\\ncaptools-agent/2\\nH\\0\\0\\0\\0\\0\\2{}')\n"
        "while True: os.write(1, b'S\\0\\0\\0\\0\\0\\2{}'); time.sleep(0.02)\n"
    )
    node = against(script, monkeypatch)
    try:
        assert node.done.wait(10) and "the connection ended" in str(node.error)
    finally:
        node.give_up("the test is over")


@pytest.fixture
def known() -> NodeCapture:
    """A node with two points, not connected."""
    node = NodeCapture(LOCAL)
    runs = [
        PlannedRun(channel=channel, point=Point("w1", f"eth{channel}"), role=Role.NIC, argv=(), filter="")
        for channel in (1, 2)
    ]
    node._know([PointCapture(run=run, request=CaptureRequest(targets=())) for run in runs], Terms(capture="c"))
    return node


def test_what_the_agent_notes_is_told_with_the_points_name(known):
    known.state = {"notes": ["the spool was full", "channel 2: cannot be cut", "channel 9: x", "channel 2 \x1b[2J", 7]}
    assert known.notes() == [
        "local: the spool was full", "w1/eth2: cannot be cut", "local: channel 9: x", "local: channel 2 [2J", "local: 7",
    ]  # fmt: skip
    known.state = {"notes": "none"}
    assert known.notes() == []


def test_a_stream_that_the_node_cannot_read_costs_its_point_alone(known):
    report = {"do": "ship", "capture": known._id, "stream": "data", "code": "failed", "error": "5-data.seg is shorter"}
    known._take(b"O", 1, json.dumps(report).encode())
    assert known.points[1].state is State.FAILED and known.points[2].state is State.STARTING
    assert (
        "w1/eth1: " in known.points[1].error
        and "cannot be read on the node (5-data.seg is shorter)" in known.points[1].error
    )
    assert known.error is None
