"""What it means that nothing was captured."""

from __future__ import annotations

from captools.collect.outcome import nothing_captured
from captools.model.errors import CaptureFailed, Interrupted, ToolMissing, UsageError


def test_one_reason_is_told_as_it_is():
    error = nothing_captured([ToolMissing("w1: tcpdump is not installed", hint="install it")], interrupted=False)
    assert isinstance(error, ToolMissing) and str(error) == "w1: tcpdump is not installed; install it"


def test_reasons_of_one_kind_keep_their_exit_code_and_mixed_ones_are_a_failed_capture():
    refused = [UsageError("w1/eth1: syntax error"), UsageError("w2/eth1: syntax error")]
    alike = nothing_captured(refused, interrupted=False)
    assert alike.exit_code == 2 and str(alike) == "nothing could be captured: w1/eth1 and 1 more: syntax error"
    mixed = nothing_captured([*refused, CaptureFailed("w3: no answer")], interrupted=False)
    assert mixed.exit_code == 4 and "2 reasons" in mixed.message and "w3: no answer" in mixed.message


def test_no_reason_is_an_interrupt_or_nothing_that_fits():
    assert isinstance(nothing_captured([], interrupted=True), Interrupted)
    assert nothing_captured([], interrupted=False).exit_code == 4
