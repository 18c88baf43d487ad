"""Absolute and relative TCP numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from captools.wire.text.sequence import CERTAIN, MODULUS, Sequences

A, B = ("a.1", "b.2"), ("b.2", "a.1")


def opened(client: int = 951063534, server: int = 754334218) -> Sequences:
    known = Sequences()
    assert known.numbers(A, client, None, syn=True) == (client, None)
    assert known.numbers(B, server, client + 1, syn=True) == (server, client + 1)
    return known


def test_relative_numbers_are_added_to_those_of_the_handshake():
    known = opened()
    assert known.numbers(A, 1, 1, syn=False) == (951063535, 754334219)
    assert known.numbers(B, 1, 71, syn=False) == (754334219, 951063605)
    assert known.edge(A, 1449) == 754334218 + 1449


def test_without_the_handshake_relative_numbers_say_nothing():
    known = Sequences()
    assert known.numbers(A, 1, 1, syn=False) == (None, None)
    assert known.numbers(B, 237, 74, syn=False) == (None, None)
    assert known.edge(A, 9) is None


def test_a_syn_alone_is_no_base_because_tcpdump_takes_none_from_it():
    known = Sequences()
    known.numbers(A, 951063534, None, syn=True)
    assert known.numbers(A, None, 1, syn=False) == (None, None)


def test_the_first_segment_of_a_connection_is_absolute_and_a_base():
    known = Sequences()
    assert known.numbers(A, 603899917, 2043824404, syn=False) == (603899917, 2043824404)
    assert known.numbers(B, 1, 58, syn=False) == (2043824404, 603899975)
    assert known.numbers(A, 58, 227, syn=False) == (603899975, 2043824630)


def test_a_first_segment_without_data_tells_the_other_direction_only():
    known = Sequences()
    assert known.numbers(A, None, 2910871523, syn=False) == (None, 2910871523)
    assert known.numbers(A, 21, 1024, syn=False) == (None, 2910871522 + 1024)


def test_numbers_without_ack_are_absolute():
    assert opened().numbers(A, 5, None, syn=False) == (5, None)


def test_a_new_handshake_on_the_same_ports_replaces_the_old():
    known = opened()
    known.numbers(A, 10, None, syn=True)
    known.numbers(B, 20, 11, syn=True)
    assert known.numbers(A, 1, 1, syn=False) == (11, 21)


@given(st.integers(0, MODULUS - 1), st.integers(0, MODULUS - 1), st.integers(0, CERTAIN // 2))
def test_absolute_numbers_of_dash_s_stay_what_they_are(client, server, sent):
    known = opened(client, server)
    number = (client + 1 + sent) % MODULUS
    relative = min(number, MODULUS - number)
    if relative > sent + 1:  # nearer to its own base than to zero: no relative number would be that far
        assert known.numbers(A, number, (server + 1) % MODULUS, syn=False)[0] == number
