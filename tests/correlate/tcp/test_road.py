"""The road: figures, stuck bytes, and the frames of what was sent again, for the paths of the same groups."""

from __future__ import annotations

import subprocess

from captools.model.paths import Way
from captures import case
from tests.correlate.material import material
from tests.correlate.paths.scenes import Scene, pinged
from tests.correlate.tcp.conversation import Talk


def test_a_session_without_tcp_has_no_figures():
    analysis = pinged(Scene({}), 10, 1).analysed()
    assert len(analysis.tcp.table) == 0 and analysis.tcp.stuck == () and analysis.tcp.connections == ()


def test_figures_belong_to_the_path_of_their_number():
    analysis = material("retransmissions").analysed()
    for connection in analysis.tcp.connections:
        path = analysis.paths[connection.path]
        assert {one.point for one in connection.streams} <= set(path.points) and path.flow.proto == 6


def test_the_frames_of_what_was_sent_again_are_those_that_tshark_finds():
    analysis = material("retransmissions").analysed()
    (connection,) = analysis.tcp.suspects(3)
    stream = connection.worst(Way.REPLY)
    assert stream is not None
    (proof,) = analysis.tcp.resent_proof(stream)
    path = case("retransmissions").capture(stream.point)
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-Y", "tcp.analysis.retransmission", "-T", "fields", "-e", "frame.number"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert list(proof.frames) == [int(word) for word in done.stdout.split()] and proof.point == stream.point


def test_gaps_that_were_filled_late_are_shown_as_such():
    talk = Talk().opened("b__lxcb", trip_ms=1)
    for ms, seq in ((5, 1), (6, 201), (9, 101)):
        talk.b(ms, "b__lxcb", seq=seq, size=100)
    analysis = talk.analysed()
    (connection,) = analysis.tcp.connections
    (proof,) = analysis.tcp.resent_proof(connection.of(Way.REPLY)[0])
    assert proof.frames == (6,) and "gap" in proof.shows
