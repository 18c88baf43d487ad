"""Single values of reports that may hold anything."""

from __future__ import annotations

import pytest

from captools.collect.reports import number, stamps, with_sudo
from captools.collect.tools import Failure, Fault


@pytest.mark.parametrize("value", ["1", 1.0, True, None, [1], {}])
def test_only_whole_numbers_are_numbers(value):
    assert number({"n": value}, "n") is None and number({"n": 7}, "n") == 7 and number({}, "n") is None


def test_stamps_are_those_that_are_numbers():
    assert stamps({"taken": {"a": 1, "b": "x"}}) == {"a": 1} and stamps({"taken": 3}) == {}


def test_a_refusal_tells_why_sudo_did_not_help():
    refused = Failure(fault=Fault.PERMISSION, said="no", hint="h")
    assert with_sudo(refused, "a password is required").said == "no (and sudo: a password is required)"
    other = Failure(fault=Fault.OTHER, said="no", hint="h")
    assert with_sudo(other, "x") is other and with_sudo(refused, "") is refused
