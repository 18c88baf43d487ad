"""JSON lines over a socket: in pieces, in bulk, and from somebody who speaks nonsense."""

from __future__ import annotations

import socket

import pytest

from captools.agent.lines import MOST_UNSENT, Line


@pytest.fixture
def ends():
    a, b = socket.socketpair()
    yield Line(a), b
    a.close()
    b.close()


def test_documents_come_out_whole_however_they_are_cut(ends):
    line, other = ends
    for byte in b'{"a": 1}\n{"b": "x\\ny"}\n':
        other.send(bytes([byte]))
    assert line.receive() == [{"a": 1}, {"b": "x\ny"}] and line.open
    other.send(b'{"c"')
    assert line.receive() == []
    other.send(b": 2}\n")
    assert line.receive() == [{"c": 2}]


def test_what_comes_before_the_end_still_counts(ends):
    line, other = ends
    other.send(b'{"last": 1}\n')
    other.close()
    assert line.receive() == [{"last": 1}] and not line.open


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\n", b"[1]\n", b"\xff\xfe\n"])
def test_nonsense_ends_the_connection(ends, nonsense):
    line, other = ends
    other.send(nonsense)
    assert line.receive() == [] and not line.open


def test_a_reader_that_takes_nothing_is_never_waited_for_and_let_go_in_the_end(ends):
    line, _ = ends
    for _ in range(2 + MOST_UNSENT // (1 << 20)):
        line.send({"text": "x" * (1 << 20)})
    assert not line.open
