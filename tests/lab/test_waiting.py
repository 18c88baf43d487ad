"""Waiting for what was started: it returns at once, or says what did not come up and what its log says."""

from __future__ import annotations

import pytest

from captools.lab.waiting import wait_until
from captools.model.errors import CaptureFailed


def test_it_asks_until_it_is_ready():
    answers = iter([False, False, True])
    wait_until(lambda: next(answers), "never told", step_s=0)
    assert list(answers) == []


def test_what_does_not_come_up_is_named_with_the_end_of_its_log():
    with pytest.raises(CaptureFailed, match="^lab: no proxy on k8s-w1 after 0 s\nport in use$"):
        wait_until(lambda: False, "no proxy on k8s-w1", timeout_s=0, words=lambda: "port in use\n")


def test_without_a_log_it_is_one_line():
    with pytest.raises(CaptureFailed) as told:
        wait_until(lambda: False, "nobody answers", timeout_s=0)
    assert str(told.value) == "lab: nobody answers after 0 s"
