"""One channel to one node, on this machine."""

from __future__ import annotations

import os
import threading
import time

from captools.collect import link as links
from captools.collect.link import AgentLink
from captools.collect.targets import LOCAL


def test_the_channel_is_in_a_session_of_its_own_and_ends_when_asked():
    link = AgentLink(LOCAL)
    try:
        assert os.getsid(link._process.pid) == link._process.pid
        kinds = []
        for frame in link.frames():
            if frame is not None:
                kinds.append(frame[0])
                link.send("bye")
        assert kinds == [b"H", b"B"] and link.greeted
    finally:
        assert link.close() == 0


def test_a_killed_channel_ends_its_frames_and_sending_into_it_is_harmless():
    link = AgentLink(LOCAL)
    link.kill()
    assert [frame[0] for frame in link.frames() if frame is not None] in ([], [b"H"])
    link.send("poll")
    assert link.close() == -9


def test_a_channel_without_a_word_gives_a_tick_every_second():
    link = AgentLink(LOCAL, facts=False)
    try:
        frames = link.frames()
        hello = next(frame for frame in frames if frame is not None)
        assert hello[0] == b"H" and next(frames) is None
    finally:
        link.kill()
        link.close()


def test_a_far_end_that_takes_nothing_holds_up_nobody_and_is_ended_in_the_end(tmp_path, monkeypatch):
    """It greets at once and never reads."""
    (tmp_path / "python3").write_text("#!/bin/sh\nprintf '\\ncaptools-agent/2\\n'\nexec sleep 60\n")
    (tmp_path / "python3").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(links, "MAX_UNSENT", 1 << 20)
    link = AgentLink(LOCAL)
    rescue = threading.Timer(10, link.kill)
    rescue.start()
    try:
        begun = time.monotonic()
        link.send("start", tools=["x" * (1 << 19)])
        assert time.monotonic() - begun < 5
        assert link._process.poll() is None
        link.send("start", tools=["x" * (1 << 19)])
        assert link.close() == -9
    finally:
        rescue.cancel()
        link.kill()
