"""clock-offset-large: clocks so far apart that stamps of two nodes must not be read side by side as they are."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._words import proof
from captools.model.analysis import Analysis
from captools.model.clocks import ClockOffset
from captools.model.evidence import Confidence, Coverage, Evidence
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.paths import Way
from captools.model.units import duration

# Beyond this NTP no longer slews a clock but sets it (STEPT of RFC 5905): no synchronised clock is so far off.
LARGE_NS = 128_000_000
# The most that NTP corrects (MAXFREQ of RFC 5905, in ppm): no clock that it holds drifts so.
LARGE_PPM = 500.0


def _judge(analysis: Analysis) -> Iterator[Finding]:
    for clock in analysis.clocks:
        if clock.node != analysis.clock_reference and _large(clock):
            yield _finding(analysis, clock)


def _large(clock: ClockOffset) -> bool:
    """Tell whether the clock is far off for sure, its error taken into account; or was set while captures were running."""
    if clock.offset_ns is None or clock.error_ns is None:
        return False
    drift = abs(clock.drift_ppm or 0.0) - (clock.drift_error_ppm or 0.0)
    steps = any(abs(step.by_ns) - step.error_ns > LARGE_NS for step in clock.steps)
    return abs(clock.offset_ns) - clock.error_ns > LARGE_NS or drift > LARGE_PPM or steps


def _finding(analysis: Analysis, clock: ClockOffset) -> Finding:
    assert clock.offset_ns is not None and clock.error_ns is not None
    here, other = _named(analysis, clock.node), _named(analysis, analysis.clock_reference)
    way = "ahead of" if clock.offset_ns > 0 else "behind"
    drifting = ""
    if clock.drift_ppm is not None and abs(clock.drift_ppm) > (clock.drift_error_ppm or 0.0):
        word = "gains" if clock.drift_ppm > 0 else "loses"
        drifting = f", and {word} {abs(clock.drift_ppm):.1f} µs every second"
    steps = "".join(
        f" It was set by {duration(step.by_ns)} between {step.after} and {step.before}." for step in clock.steps
    )
    points = tuple(sorted({s.point or s.name for s in analysis.sources if clock.node in (s.node, s.name)}))
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN,
        statement=(
            f"The clock of {here} runs {duration(abs(clock.offset_ns))} {way} that of {other} (known to "
            f"±{duration(clock.error_ns)} from {clock.method}){drifting}.{steps} Times and delays told here are corrected "
            f"for it, so a delay between {here} and another node is known to about that error; stamps in Wireshark, "
            "kubectl logs and hubble are not: there an answer may seem to come before its question."
        ),
        subject={"node": clock.node, "name": clock.node},
        evidence=_proof(analysis, clock.node),
        coverage=Coverage(points=points, reason=clock.method),
        remedy=(
            f"on {here}: chronyc tracking (or timedatectl timesync-status), then chronyc makestep; certificates and "
            "tokens depend on the clock too"
        ),
    )


def _proof(analysis: Analysis, node: str) -> tuple[Evidence, ...]:
    """Return one packet of each direction, seen by both clocks: their stamps differ by the offset and the way's delay."""
    found: dict[bool, tuple[Evidence, ...]] = {}
    for path in analysis.paths:
        for way in Way:
            hops = path.ways(way)
            whose = [hop.point.partition("/")[0] for hop in hops]
            if analysis.clock_reference not in whose or node not in whose:
                continue
            ours, theirs = whose.index(analysis.clock_reference), whose.index(node)
            if (ours < theirs) not in found:
                found[ours < theirs] = (
                    *proof([hops[ours]], f"a packet by the clock of {_named(analysis, analysis.clock_reference)}"),
                    *proof([hops[theirs]], f"the same packet by the clock of {_named(analysis, node)}"),
                )
        if len(found) == 2:
            break
    return tuple(one for two in found.values() for one in two)


def _named(analysis: Analysis, owner: str) -> str:
    """Return a node's name; a capture that names none stands for the machine that wrote it."""
    return owner if any(one.node == owner for one in analysis.sources) else f"the machine that wrote {owner}"


RULE = FindingRule(
    id="clock-offset-large",
    severity=Severity.WARNING,
    title="A node's clock is far off",
    judge=_judge,
)
