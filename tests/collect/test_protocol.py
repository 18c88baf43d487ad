"""The controller's half of the frames; the round trip with the agent's half is in tests/agent/test_frames.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.agent import frames
from captools.collect.protocol import MAGIC, MAX_BANNER, NotOurStream, Unpacker, command, document


@given(st.binary(max_size=400))
def test_any_bytes_give_frames_or_not_our_stream_and_nothing_else(data):
    unpacker = Unpacker()
    try:
        list(unpacker.feed(MAGIC + data))
    except NotOurStream:
        return
    assert unpacker.greeted


def test_a_peer_that_never_greets_is_refused_after_a_while_and_its_words_are_kept():
    unpacker = Unpacker()
    assert list(unpacker.feed(b"Welcome to node 7\n")) == [] and unpacker.banner == b"Welcome to node 7\n"
    with pytest.raises(NotOurStream, match="before the agent's greeting"):
        list(unpacker.feed(b"x" * MAX_BANNER))


def test_an_unknown_kind_is_refused():
    with pytest.raises(NotOurStream, match="b'Z'"):
        list(Unpacker().feed(MAGIC + frames.header(b"Z", 0, 0)))


def test_a_command_is_what_the_agent_reads():
    assert frames.Unpacker().feed(command("stop", wait_s=1.2)) == [(b"C", 0, b'{"do": "stop", "wait_s": 1.2}')]


@pytest.mark.parametrize("payload", [b"{", b"[]", b"\xff", b"3"])
def test_a_report_that_is_no_json_object_is_refused(payload):
    with pytest.raises(NotOurStream):
        document(payload)
