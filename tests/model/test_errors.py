"""Errors: one sentence with what to try, and the exit code that the fault has."""

from __future__ import annotations

import pytest

from captools.model.errors import (
    CaptoolsError,
    CaptureFailed,
    ExitCode,
    Interrupted,
    MalformedCapture,
    ToolMissing,
    UsageError,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(UsageError, 2), (MalformedCapture, 3), (CaptureFailed, 4), (ToolMissing, 5), (Interrupted, 130)],
)
def test_each_kind_of_fault_has_the_exit_code_the_design_gives_it(kind: type[CaptoolsError], code: int):
    assert kind("x").exit_code == code


def test_an_error_is_one_sentence_with_the_next_step_behind_a_semicolon():
    error = MalformedCapture("a.pcap: record 3 is cut", hint="copy it again")
    assert str(error) == "a.pcap: record 3 is cut; copy it again"
    assert (error.message, error.hint) == ("a.pcap: record 3 is cut", "copy it again")


def test_without_a_hint_nothing_trails():
    assert str(UsageError("no SOURCE was given")) == "no SOURCE was given"


def test_no_fault_of_the_user_looks_like_a_finding_or_like_success():
    for kind in CaptoolsError.__subclasses__():
        assert kind.exit_code not in (ExitCode.FINE, ExitCode.FAIL_ON, ExitCode.BUG)
