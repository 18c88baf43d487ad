"""A node's thread, against peers that stall, die or talk nonsense."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import pytest

from captools.collect import link as link_module
from captools.collect.node import NodeCapture
from captools.collect.targets import LOCAL
from captools.collect.transports import local


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
