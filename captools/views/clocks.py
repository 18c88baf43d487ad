"""Clocks as rows of text: how far each runs ahead, within what error, how fast it gains, and how that is known."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log10

from captools.model.clocks import ClockOffset, ClockReport
from captools.model.units import NS_PER_MS, NS_PER_S, NS_PER_US, duration

COLUMNS = ("clock", "runs ahead by", "within", "gains", "how")
_CRYSTAL_PPM = 100  # further apart than any two sound crystals run
_UNITS = (("s", NS_PER_S), ("ms", NS_PER_MS), ("µs", NS_PER_US))


def rows(offsets: Iterable[ClockOffset]) -> list[tuple[str, str, str, str, str]]:
    """Return one row per clock, in the order of COLUMNS."""
    return [_row(one) for one in offsets]


def _row(one: ClockOffset) -> tuple[str, str, str, str, str]:
    if one.offset_ns is None or one.error_ns is None:
        return (
            one.node,
            "unknown",
            "-",
            "-",
            one.method.removeprefix("unknown: ") or "no packet was seen both there and elsewhere in both directions",
        )
    if one.method == "reference":
        return one.node, "-", "-", "-", "the reference"
    return one.node, ahead(one.offset_ns, one.error_ns), f"± {duration(one.error_ns)}", gain(one), one.method


def ahead(offset_ns: int, error_ns: int) -> str:
    """Return an offset with its sign, to as many digits as its error lets count.

    >>> ahead(250_021_345, 3_750), ahead(-600_000_141_200, 2_390), ahead(322, 2_270), ahead(0, 0)
    ('+250.021 ms', '-600.000141 s', '+322 ns', '+0 ns')
    """
    for unit, size in _UNITS:
        if abs(offset_ns) >= size:
            digits = ceil(log10(size / max(error_ns, 1)))
            return f"{offset_ns / size:+.{min(max(digits, 0), 9)}f} {unit}"
    return f"{offset_ns:+d} ns"


def gain(one: ClockOffset) -> str:
    """Return how much faster a clock runs than the reference, ``-`` where the packets tell less than is known anyway."""
    if one.drift_ppm is None or one.drift_error_ppm is None or one.drift_error_ppm > _CRYSTAL_PPM:
        return "-"
    return f"{one.drift_ppm:+.1f} ±{one.drift_error_ppm:.1f} ppm"


def notes(report: ClockReport) -> list[str]:
    """Return a sentence for each clock that was set meanwhile and each packet that no clock explains."""
    found = []
    for one in report.offsets:
        for step in one.steps:
            found.append(
                f"the clock of {one.node} was set by {ahead(step.by_ns, step.error_ns)} between {step.after} and {step.before}"
            )
    for early in report.early:
        frames = " and ".join(f"{proof.point} frame {proof.frames[0]}" for proof in early.evidence if proof.frames)
        found.append(
            f"a packet arrived at {early.received} {duration(early.by_ns)} before {early.sent} sent it ({frames}): "
            "a stamp is wrong, or these are two packets"
        )
    return found
