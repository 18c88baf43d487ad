"""Clocks in words: digits that count, what is unknown called so, and a sentence for what is wrong."""

from __future__ import annotations

import doctest
from dataclasses import replace

from captools.model.clocks import ClockOffset, ClockReport, ClockStep, EarlyPacket
from captools.model.evidence import Evidence
from captools.views import clocks

KNOWN = ClockOffset(
    node="k8s-w1", offset_ns=250_021_345, error_ns=3_750, method="matched packets, both directions",
    drift_ppm=20.04, drift_error_ppm=2.06,
)  # fmt: skip
REFERENCE = ClockOffset(node="k8s-ctr", offset_ns=0, error_ns=0, method="reference", drift_ppm=0, drift_error_ppm=0)


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(clocks).failed == 0


def test_a_row_has_offset_error_drift_and_method():
    assert clocks.rows([REFERENCE, KNOWN]) == [
        ("k8s-ctr", "-", "-", "-", "the reference"),
        ("k8s-w1", "+250.021 ms", "± 3.75 µs", "+20.0 ±2.1 ppm", "matched packets, both directions"),
    ]


def test_a_drift_that_could_be_anything_is_not_printed():
    assert clocks.gain(replace(KNOWN, drift_error_ppm=480.0)) == "-"
    assert clocks.gain(replace(KNOWN, drift_ppm=None, drift_error_ppm=None)) == "-"


def test_what_is_unknown_is_called_so_with_the_little_that_is_known():
    one_way = ClockOffset(node="a", offset_ns=None, error_ns=None, method="unknown: packets were seen one way only")
    nothing = ClockOffset(node="b", offset_ns=None, error_ns=None, method="")
    assert clocks.rows([one_way, nothing]) == [
        ("a", "unknown", "-", "-", "packets were seen one way only"),
        ("b", "unknown", "-", "-", "no packet was seen both there and elsewhere in both directions"),
    ]


def test_steps_and_early_packets_are_sentences():
    step = ClockStep(
        after="2026-11-20T10:00:00.0Z", before="2026-11-20T10:00:01.0Z", by_ns=-5_000_000_000, error_ns=9_000
    )
    proof = tuple(
        Evidence(point=point, file=f"{point}.pcap", sha256="", frames=(7,), shows="") for point in ("a/eth0", "b/eth0")
    )
    early = EarlyPacket(sent="a/eth0", received="b/eth0", by_ns=40_000, evidence=proof)
    set_meanwhile = ClockOffset(node="b", offset_ns=0, error_ns=9_000, method="x", steps=(step,))
    assert clocks.notes(ClockReport(offsets=(set_meanwhile,), early=(early,))) == [
        "the clock of b was set by -5.000000 s between 2026-11-20T10:00:00.0Z and 2026-11-20T10:00:01.0Z",
        "a packet arrived at b/eth0 40.0 µs before a/eth0 sent it (a/eth0 frame 7 and b/eth0 frame 7): "
        "a stamp is wrong, or these are two packets",
    ]
    assert clocks.notes(ClockReport(offsets=(KNOWN,))) == []
