"""clock-offset-large: what the reference case was skewed by, and the thresholds of NTP; silent within the error."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings.clock_offset_large import LARGE_NS, LARGE_PPM
from captools.model.clocks import ClockOffset, ClockStep
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captures import case
from tests.correlate.material import FINE, S1, S2, S8, S13, material

RULE, SKEWED = "clock-offset-large", "demo-skewed"


def with_clock(**changes: object) -> object:
    """Return a healthy analysis in which the clock of k8s-w1 is as told."""
    analysis = material(FINE).analysed()
    clock = ClockOffset(node="k8s-w1", offset_ns=0, error_ns=1_000, method="matched packets")
    return replace(analysis, clocks=(replace(clock, **changes),))


def test_every_clock_that_was_set_wrong_is_named_with_how_much(fired):
    skews = {one["node"]: one["offset_ns"] for one in case(SKEWED).truth["truth"]["clocks"]}
    found = {one.subject["node"]: one for one in fired(RULE, SKEWED)}
    assert found.keys() == skews.keys() == {"k8s-w1", "k8s-w0"}
    assert "k8s-w1 runs 250 ms ahead of that of k8s-ctr" in found["k8s-w1"].statement
    assert "k8s-w0 runs 600 s behind that of k8s-ctr" in found["k8s-w0"].statement
    for one in found.values():
        assert (one.severity, one.confidence) == (Severity.WARNING, Confidence.PROVEN)
        assert "corrected" in one.statement and "chronyc tracking" in one.remedy
        assert one.coverage.points and all(point.startswith(f"{one.subject['node']}/") for point in one.coverage.points)


@pytest.mark.parametrize("name", [FINE, S1, S2, S8, S13, "masquerade"])
def test_nodes_of_one_clock_are_not_told_apart(fired, name):
    assert fired(RULE, name) == []


@pytest.mark.parametrize(("changes", "told"), [
    ({"offset_ns": LARGE_NS + 1_001}, True),
    ({"offset_ns": -LARGE_NS - 1_001}, True),
    ({"offset_ns": LARGE_NS + 900}, False),  # within its error
    ({"offset_ns": 10 * LARGE_NS, "error_ns": 10 * LARGE_NS}, False),
    ({"offset_ns": None, "error_ns": None}, False),
    ({"drift_ppm": LARGE_PPM + 2, "drift_error_ppm": 1.0}, True),
    ({"drift_ppm": LARGE_PPM + 2, "drift_error_ppm": 5.0}, False),
    ({"steps": (ClockStep(after="a", before="b", by_ns=-2 * LARGE_NS, error_ns=9),)}, True),
    ({"steps": (ClockStep(after="a", before="b", by_ns=LARGE_NS // 2, error_ns=9),)}, False),
])  # fmt: skip
def test_only_what_no_synchronised_clock_does_is_told(fired, changes, told):
    assert bool(fired(RULE, with_clock(**changes))) is told


def test_the_reference_itself_is_right_by_definition(fired):
    analysis = material(FINE).analysed()
    clock = ClockOffset(node=analysis.clock_reference, offset_ns=9 * LARGE_NS, error_ns=0, method="")
    assert fired(RULE, replace(analysis, clocks=(clock,))) == []


def test_without_the_points_that_tell_the_offset_nothing_is_said(fired):
    one = material(SKEWED)
    for source in one.sources:
        if source.point and source.point.startswith("k8s-w1/"):
            one = one.without(source.point)
    assert {found.subject["node"] for found in fired(RULE, one.analysed())} == {"k8s-w0"}


def test_a_capture_that_names_no_node_stands_for_the_machine_that_wrote_it(fired):
    (one,) = fired(RULE, with_clock(node="second.pcap", offset_ns=9 * LARGE_NS))
    assert (
        "the machine that wrote second.pcap" in one.statement and "on the machine that wrote second.pcap:" in one.remedy
    )


def test_its_frames_are_one_packet_of_each_direction_by_both_clocks(fired):
    one = material("demo-skewed")
    stamps = dict(zip(zip(one.packets["point"].to_pylist(), one.packets["frame"].to_pylist(), strict=True),
                      one.packets["ts_ns"].to_pylist(), strict=True))  # fmt: skip
    found = {told.subject["node"]: told for told in fired(RULE, "demo-skewed")}
    # The recording set k8s-w0 ten minutes behind: a packet through it is stamped so on both of its ways.
    ours, theirs, there, back = (stamps[proof.point, proof.frames[0]] for proof in found["k8s-w0"].evidence)
    assert [proof.point.partition("/")[0] for proof in found["k8s-w0"].evidence] == ["k8s-ctr", "k8s-w0"] * 2
    assert abs(ours - theirs - 600_000_000_000) < 1_000_000_000 and abs(there - back - 600_000_000_000) < 1_000_000_000
