"""The agent's frames, and that the controller's half says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.agent import frames
from captools.collect import protocol

KINDS = st.sampled_from(sorted(protocol.KINDS))
SENT = st.lists(st.tuples(KINDS, st.integers(0, 65535), st.binary(max_size=300)), max_size=8)


def wire(sent):
    return b"".join(frames.header(kind, channel, len(data)) + data for kind, channel, data in sent)


@given(sent=SENT, step=st.integers(1, 50))
def test_frames_come_out_whole_however_the_bytes_are_cut(sent, step):
    data, unpacker, found = wire(sent), frames.Unpacker(), []
    for start in range(0, len(data), step):
        found += unpacker.feed(data[start : start + step])
    assert found == sent


@given(sent=SENT, step=st.integers(1, 50), banner=st.binary(max_size=100))
def test_the_controller_reads_what_the_agent_writes_after_any_login_banner(sent, step, banner):
    data = banner.replace(b"\n", b" ") + frames.MAGIC + wire(sent)
    unpacker, found = protocol.Unpacker(), []
    for start in range(0, len(data), step):
        found += unpacker.feed(data[start : start + step])
    assert found == sent and unpacker.greeted


def test_both_halves_agree_on_every_name():
    kinds = {name: value for name, value in vars(frames).items() if isinstance(value, bytes) and len(value) == 1}
    assert len(kinds) == len(set(kinds.values())) == 14
    for name in [*kinds, "MAGIC", "MAX_PAYLOAD"]:
        assert getattr(frames, name) == getattr(protocol, name), name
    assert frames.HEADER.format == protocol.HEADER.format


def test_an_impossible_length_is_refused():
    with pytest.raises(ValueError, match="not a captools stream"):
        frames.Unpacker().feed(frames.header(b"C", 0, frames.MAX_PAYLOAD + 1))


def test_an_answer_that_fits_no_frame_is_refused_before_it_is_sent():
    with pytest.raises(ValueError, match="does not fit"):
        frames.pack_json(frames.FACTS, 0, {"text": "x" * frames.MAX_PAYLOAD})
