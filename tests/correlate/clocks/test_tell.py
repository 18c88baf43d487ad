"""Telling: what is known of each clock in words and numbers, and what is not."""

from __future__ import annotations

from captools.correlate.clocks.clocks import Clocks
from captools.correlate.clocks.measure import Early, Measured
from captools.correlate.clocks.relation import Relation
from captools.correlate.clocks.runs import split
from captools.correlate.clocks.tell import early_packets, offsets
from captools.correlate.evidence import Prover
from captools.model.units import from_rfc3339
from tests.correlate.clocks.simulated import MS, NOW, US, Bounds, Clock, S, bounds, relation
from tests.correlate.talk import Ends, get, read

LINK = Ends("10.0.0.1", 4000, "10.0.0.2")


def test_an_offset_is_told_with_its_time_drift_errors_and_method():
    told = offsets(Measured(Clocks({("a", "b"): relation(Clock(), Clock(250 * MS, 20))})), ["a", "b"], "a")
    assert (told[0].offset_ns, told[0].error_ns, told[0].method, told[0].drift_ppm) == (0, 0, "reference", 0)
    at = from_rfc3339(told[1].at)
    assert abs(told[1].offset_ns - (250 * MS + (at - NOW) * 20 // 1_000_000)) <= told[1].error_ns < 50 * US
    assert abs(told[1].drift_ppm - 20) <= told[1].drift_error_ppm < 3
    assert told[1].method == "packets" and told[1].steps == ()


def test_a_step_is_told_with_when_and_how_far():
    late = bounds(Clock(), Clock(-5 * S))
    parts = Bounds.joined(
        [bounds(Clock(), Clock()), Bounds(late.at + 60 * S, late.limit, late.above, late.sent, late.received)]
    )
    runs = split(parts)
    for names, reference, sign in ((("a", "b"), "a", -1), (("b", "a"), "b", 1)):
        told = offsets(Measured(Clocks({("a", "b"): Relation(runs, "packets")})), list(names), reference)[1]
        (step,) = told.steps
        assert abs(step.by_ns - sign * 5 * S) <= step.error_ns < 500 * US
        assert from_rfc3339(step.after) <= NOW + 60 * S <= from_rfc3339(step.before)


def test_one_way_is_unknown_and_says_on_which_side():
    told = Measured(Clocks({}), one_sided={("a", "b"): (3 * MS, True)})
    assert offsets(told, ["a", "b"], "a")[1].offset_ns is None
    assert offsets(told, ["a", "b"], "a")[1].method == (
        "unknown: packets were seen one way only, by which it runs at most 3.00 ms ahead"
    )
    assert offsets(told, ["b", "a"], "b")[1].method.endswith("at most 3.00 ms behind")
    told = Measured(Clocks({}), one_sided={("a", "b"): (-3 * MS, True)})
    assert offsets(told, ["a", "b"], "a")[1].method.endswith("at least 3.00 ms behind")
    assert offsets(told, ["b", "a"], "b")[1].method.endswith("at least 3.00 ms ahead")


def test_a_clock_that_is_known_against_another_only_says_against_which():
    told = Measured(Clocks({("b", "c"): relation(Clock(), Clock(-5 * S))}))
    (one,) = offsets(told, ["c"], "a")
    assert one.offset_ns is None and one.method.startswith("unknown: against b it runs 5.00 s behind, give or take ")


def test_contradiction_is_unknown_and_nothing_at_all_has_no_method():
    told = Measured(Clocks({}), at_odds=(("a", "b"),))
    one, other = offsets(told, ["b", "c"], "a")
    assert one.offset_ns is None and one.method.startswith("unknown: the stamps of matched packets contradict")
    assert (other.offset_ns, other.method) == (None, "")


def test_an_early_packet_is_shown_at_both_ends():
    one = read(a__eth0=[LINK.ask(1, get())], b__eth0=[LINK.ask(0, get())])
    rows = one.rows()
    (told,) = early_packets(Measured(Clocks({}), early=(Early(("a", "b"), 0, 1, 7),)), rows, Prover(rows, one.sources))
    assert (told.sent, told.received, told.by_ns) == ("a/eth0", "b/eth0", 7)
    assert [(proof.point, proof.frames) for proof in told.evidence] == [("a/eth0", (1,)), ("b/eth0", (1,))]
    assert told.to_json()["by_ns"] == 7
