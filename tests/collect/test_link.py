"""One channel to one node, on this machine."""

from __future__ import annotations

import os

from captools.collect.link import AgentLink
from captools.collect.targets import LOCAL


def test_the_channel_is_in_a_session_of_its_own_and_ends_when_asked():
    link = AgentLink(LOCAL)
    try:
        assert os.getsid(link._process.pid) == link._process.pid
        kinds = []
        for kind, _, _ in link.frames():
            kinds.append(kind)
            link.send("bye")
        assert kinds == [b"H", b"B"] and link.greeted
    finally:
        assert link.close() == 0


def test_a_killed_channel_ends_its_frames_and_sending_into_it_is_harmless():
    link = AgentLink(LOCAL)
    link.kill()
    assert [kind for kind, _, _ in link.frames()] in ([], [b"H"])
    link.send("poll")
    assert link.close() == -9
