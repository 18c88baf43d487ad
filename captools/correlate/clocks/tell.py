"""Tell what is known of the clocks: an offset per node with its drift and error, steps, and packets out of order."""

from __future__ import annotations

import numpy as np

from captools.correlate.clocks.measure import Measured
from captools.correlate.evidence import Prover
from captools.correlate.sightings import Sightings
from captools.model.clocks import ClockOffset, ClockStep, EarlyPacket
from captools.model.units import duration, rfc3339

REFERENCE = "reference"
_MOST_EARLY = 50  # of the packets that no clock explains


def offsets(measured: Measured, names: list[str], reference: str) -> tuple[ClockOffset, ...]:
    """Return how far each clock runs ahead of ``reference``, at the time at which that is known best."""
    return tuple(_offset(measured, name, reference) for name in names)


def _offset(measured: Measured, name: str, reference: str) -> ClockOffset:
    clocks = measured.clocks
    if name == reference:
        return ClockOffset(node=name, offset_ns=0, error_ns=0, method=REFERENCE, drift_ppm=0.0, drift_error_ppm=0.0)
    at, drift = clocks.usual_time(reference, name), clocks.drift(reference, name)
    between = None if at is None else clocks.between(reference, name, at)
    if between is None or drift is None:
        return ClockOffset(node=name, offset_ns=None, error_ns=None, method=_why_unknown(measured, name, reference))
    return ClockOffset(
        node=name, offset_ns=between[0], error_ns=between[1], method=clocks.method(reference, name),
        drift_ppm=round(drift[0], 3), drift_error_ppm=round(drift[1] + 0.0005, 3), at=rfc3339(at or 0),
        steps=_steps(measured, name, reference),
    )  # fmt: skip


def _why_unknown(measured: Measured, name: str, reference: str) -> str:
    pair = min(name, reference), max(name, reference)
    if pair in measured.at_odds:
        return "unknown: the stamps of matched packets contradict one another throughout"
    if pair not in measured.one_sided:
        return _elsewhere(measured, name)
    limit, upper = measured.one_sided[pair]
    if name < reference:
        limit, upper = -limit, not upper
    word = "at most" if upper == (limit >= 0) else "at least"
    return f"unknown: packets were seen one way only, by which it runs {word} {_lead(limit)}"


def _lead(ns: int) -> str:
    return f"{duration(abs(ns))} {'ahead' if ns >= 0 else 'behind'}"


def _elsewhere(measured: Measured, name: str) -> str:
    """Return what is known of a clock against another than the reference; the empty string where nothing is."""
    others = [other for pair in measured.clocks.relations if name in pair for other in pair if other not in (name, "")]
    if not others:
        return ""
    at = measured.clocks.usual_time(others[0], name)
    offset, error = measured.clocks.between(others[0], name, at) or (0, 0)
    return f"unknown: against {others[0]} it runs {_lead(offset)}, give or take {duration(error)}"


def _steps(measured: Measured, name: str, reference: str) -> tuple[ClockStep, ...]:
    """Return when a clock was set against the reference's meanwhile, as far as the two exchanged packets."""
    relation = measured.clocks.relations.get((min(name, reference), max(name, reference)))
    if relation is None:
        return ()
    sign = 1 if reference < name else -1
    found = []
    for before, after in relation.steps:
        at = np.array([after.begin])
        by_ns = int((after.band.offset(at) - before.band.offset(at))[0])
        error = int((after.band.error(at) + before.band.error(at))[0])
        found.append(
            ClockStep(after=rfc3339(before.end), before=rfc3339(after.begin), by_ns=sign * by_ns, error_ns=error)
        )
    return tuple(found)


def early_packets(measured: Measured, rows: Sightings, prover: Prover) -> tuple[EarlyPacket, ...]:
    """Return the packets that, by stamps corrected as well as can be, arrived before they were sent, the worst ones first."""
    worst = sorted(measured.early, key=lambda one: -one.by_ns)[:_MOST_EARLY]
    return tuple(
        EarlyPacket(
            sent=rows.point(one.sent), received=rows.point(one.received), by_ns=one.by_ns,
            evidence=(
                *prover.of([one.sent], "the packet where it was sent"),
                *prover.of([one.received], "the packet where it arrived, too early"),
            ),
        )
        for one in worst
    )  # fmt: skip
