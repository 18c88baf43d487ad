"""The pattern that ends a capture."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.agent.places import Refused
from captools.agent.watch import OVERLAP, Watch, compiled


@given(before=st.integers(0, 3 * OVERLAP), step=st.integers(1, 2 * OVERLAP))
def test_the_first_match_is_found_wherever_the_bytes_are_cut(before, step):
    data = b"." * before + b"HTTP/1.1 503 x HTTP/1.1 504"
    watch = Watch(compiled(r"HTTP/1\.1 5\d\d"), 0)
    found = [watch.look(3, data[start : start + step]) for start in range(0, len(data), step)]
    assert sum(found) == 1 and watch.found == {"channel": 3, "offset": before}


def test_channels_do_not_run_into_each_other():
    watch = Watch(compiled("abcd"), 0)
    assert not watch.look(1, b"ab") and not watch.look(2, b"cd") and watch.look(1, b"cd")
    assert watch.found == {"channel": 1, "offset": 0}


def test_a_pattern_without_end_is_given_up_and_the_timer_is_put_back():
    before = signal.getsignal(signal.SIGVTALRM)
    watch = Watch(compiled("(a+)+b"), 0)
    assert not watch.look(1, b"a" * 200) and "takes too long" in watch.note
    assert not watch.look(1, b"aab") and signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] == 0


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(?P<x", "x" * 5000, 7, None])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(Refused):
        compiled(pattern)


def test_bytes_that_are_no_text_are_searched_too():
    watch = Watch(compiled(r"\xff\x00RST"), 0)
    assert watch.look(1, memoryview(b"\xfe\xff\x00RST"))
