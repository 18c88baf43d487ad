from __future__ import annotations

from captools.model.clocks import ClockOffset, ClockReport, ClockStep, EarlyPacket


def test_what_is_told_of_clocks_becomes_json():
    step = ClockStep(after="a", before="b", by_ns=-5, error_ns=1)
    assert step.to_json() == {"after": "a", "before": "b", "by_ns": -5, "error_ns": 1}
    early = EarlyPacket(sent="a/eth0", received="b/eth0", by_ns=7)
    assert early.to_json() == {"sent": "a/eth0", "received": "b/eth0", "by_ns": 7, "evidence": []}


def test_an_unknown_clock_has_neither_drift_nor_steps():
    one = ClockOffset(node="a", offset_ns=None, error_ns=None, method="")
    assert (one.drift_ppm, one.drift_error_ppm, one.at, one.steps) == (None, None, "", ())
    assert ClockReport() == ClockReport(offsets=(), reference="", early=())
