"""Readers beside a capture: how wishes are understood, rows of a growing session, a reader that goes."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest

from captools.cli.along import Along, Wished, understand_until
from captools.collect.live.event import Kind
from captools.collect.live.sinks import LivePoint
from captools.model.errors import UsageError
from captools.model.points import Point
from captures.build import pcap
from tests.store.test_growing_session import A, B, append, frames, save

POINTS = [LivePoint(key=0, point=Point("n1", "eth0")), LivePoint(key=1, point=Point("n2", "eth1"))]


@pytest.mark.parametrize(
    ("until", "kind", "says"),
    [
        ("tcp.port == 80", Kind.FILTER, "--until waits for the display filter tcp.port == 80 (re: before it"),
        ("HTTP/1.1 5", Kind.REGEX, "--until waits for the regular expression HTTP/1.1 5 (filter: before it"),
    ],
)
def test_it_is_said_how_the_event_was_taken(until, kind, says):
    event, sentence = understand_until(until, None, on_node=False)
    assert event is not None and event.kind is kind and sentence.startswith(says)


def test_a_prefix_needs_no_explanation_and_after_needs_until():
    assert understand_until("re:x", 3.0, on_node=False)[1] == "--until waits for the regular expression x"
    said = understand_until("re:x", 3.0, on_node=True)[1]
    assert said.endswith("; each node looks at its own packets only and stops alone at its match")
    assert understand_until(None, None, on_node=False) == (None, "")
    with pytest.raises(UsageError, match="--after is about --until"):
        understand_until(None, 3.0, on_node=False)
    with pytest.raises(UsageError, match="knows bytes only"):
        understand_until("tcp.port == 80", None, on_node=True)


def test_only_what_was_wished_for_reads_along():
    assert not Wished() and Wished(follow=True) and Wished(live_fd=1)
    event, _ = understand_until("re:x", None, on_node=False)
    along = Along(Wished(live_fd=1, event=event, follow=True), threading.Event())
    assert len(along.sinks) == 3 and along.end() == []
    assert Along(Wished(), threading.Event()).sinks == []


def test_rows_of_a_session_come_while_it_grows_and_end_with_the_capture(tmp_path, capfd):
    along = Along(Wished(follow=True), threading.Event())
    along.sinks[0].begin(POINTS, tmp_path)  # no manifest yet
    for point in (A, B):
        append(tmp_path / point.file, pcap([]))
    save(tmp_path, A, B)
    append(tmp_path / A.file, frames(1)[24:])
    deadline, out = time.monotonic() + 20, ""
    while "n1/eth0" not in out and time.monotonic() < deadline:
        time.sleep(0.05)
        out += capfd.readouterr().out
    assert out.split()[:2] == ["POINT", "FRAME"] and "n1/eth0" in out
    append(tmp_path / B.file, frames(2)[24:])
    assert along.end() == []  # the capture failed: its manifest is never complete
    assert "n2/eth1" in capfd.readouterr().out


def test_a_capture_that_never_began_leaves_nothing_waiting(tmp_path):
    along = Along(Wished(follow=True), threading.Event())
    along.sinks[0].begin(POINTS, tmp_path)
    begun = time.monotonic()
    assert along.end() == [] and time.monotonic() - begun < 5


def test_a_reader_of_the_rows_that_goes_ends_the_capture(tmp_path, monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr(sys, "stdout", os.fdopen(writing, "w"))
    append(tmp_path / A.file, frames(1))
    save(tmp_path, A)
    stop = threading.Event()
    along = Along(Wished(follow=True), stop)
    along.sinks[0].begin(POINTS, tmp_path)
    assert stop.wait(20)
    along.end()
    with pytest.raises(BrokenPipeError):
        sys.stdout.close()
