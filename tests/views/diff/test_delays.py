"""Delays per hop: what is slower by construction is told, what clocks explain is not."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from captools.model.addresses import to_bytes
from captools.model.packets import PACKETS
from captools.model.paths import Way
from captools.views.diff.conversations import matched
from captools.views.diff.delays import MOST, delays, passages, worth_following
from captools.views.diff.measure import Judged
from tests.correlate.material import Material, material

PLAIN = material("s16-without-encryption")
CLEAR = PLAIN.analysed()
LATER_NS = 300_000
POD, LXC = "172.20.1.108", "k8s-w1/lxc4be40faccd59"
INTO_POD = "there, k8s-w1/eth1 to k8s-w1/lxc of default/webpod"


def slower_into_pod() -> Material:
    """The same packets, but those for the server come out of its node's stack later."""
    packets = PLAIN.packets
    late = pc.and_(pc.equal(packets["dst"], to_bytes(POD)), pc.equal(pc.cast(packets["point"], pa.string()), LXC))
    times = pc.add(packets["ts_ns"], pc.if_else(late, LATER_NS, 0))
    return replace(PLAIN, packets=packets.set_column(PACKETS.get_field_index("ts_ns"), "ts_ns", times))


def pings(a, b):
    (pair,) = (each for each in matched(a, b).both if each[0].name.port is None and "curl" in each[0].name.src)
    return pair


def test_a_stretch_that_got_slower_is_told_with_its_amount_and_the_others_are_the_same():
    told = {one.name: one for one in delays(*pings(CLEAR, slower_into_pod().analysed()))}
    slow = told.pop(INTO_POD)
    assert slow.judged is Judged.MORE and abs(slow.b - slow.a - LATER_NS) < 1_000
    assert {one.judged for one in told.values()} == {Judged.SAME} and len(told) == 5


def test_medians_are_those_of_the_packets_by_their_stamps():
    (slow,) = (one for one in delays(*pings(CLEAR, CLEAR)) if one.name == INTO_POD)
    packets = PLAIN.packets
    wanted = pc.and_(pc.equal(packets["icmp_type"], 8), pc.equal(packets["dst"], to_bytes(POD)))
    rows = packets.filter(pc.fill_null(wanted, False)).to_pylist()
    stamps = {
        point: {row["icmp_seq"]: row["ts_ns"] for row in rows if row["point"] == point}
        for point in ("k8s-w1/eth1", LXC)
    }
    times = [stamps[LXC][seq] - at for seq, at in stamps["k8s-w1/eth1"].items()]
    assert slow.a == slow.b == median(times) and slow.a_values == len(times) == 10
    assert slow.error == 0  # one node, one clock


def test_a_clock_that_runs_ahead_is_no_slower_network():
    told = delays(*pings(CLEAR, PLAIN.with_clock("k8s-w1", 40_000_000, drift_ppm=20).analysed()))
    assert len(told) == 6 and {one.judged for one in told} == {Judged.SAME}
    crossing = [one for one in told if "k8s-ctr/eth1 to k8s-w1/eth1" in one.name]
    assert all("within the clocks' error" in one.reason and one.error > 0 for one in crossing)


def test_points_that_one_session_lacks_are_passed_over():
    less = PLAIN.without("k8s-w1/eth1").analysed()
    names = [one.name for one in delays(*pings(CLEAR, less)) if one.name.startswith("there")]
    assert names == [
        "there, k8s-ctr/lxc of default/curl-pod to k8s-ctr/eth1", "there, k8s-ctr/eth1 to k8s-w1/lxc of default/webpod"
    ]  # fmt: skip


def test_no_more_packets_are_followed_than_tell_anything():
    one, other = pings(CLEAR, CLEAR)
    assert len(passages(one, Way.FORWARD)) == len(passages(one, Way.REPLY)) == 10
    assert len(passages(one, Way.FORWARD, 4)) == 4
    assert worth_following(matched(CLEAR, CLEAR).both) == (set(range(7)), MOST)
    many = matched(CLEAR, CLEAR).both * 100
    chosen, most = worth_following(many)
    assert len(chosen) * most * 4 <= 8_000 and most == 8
    busy = min(sum(path.packets for path in many[place][0].paths) for place in chosen)
    left = max(sum(path.packets for path in many[place][0].paths) for place in set(range(len(many))) - chosen)
    assert left <= busy


@pytest.mark.parametrize(("number", "followed"), [(3, 30), (MOST, MOST), (1_000, MOST)])
def test_of_many_flows_some_are_looked_through_the_first_and_the_last_among_them(number, followed):
    one, _ = pings(CLEAR, CLEAR)
    ((index, path),) = one.flows
    nobody = replace(path, flow=replace(path.flow, icmp_id=65_535))  # no packet in the capture is of this one
    assert len(passages(replace(one, flows=one.flows * number), Way.FORWARD)) == followed
    inside = ((index, path), *[(index, nobody)] * (number - 2), (index, path))
    assert len(passages(replace(one, flows=inside), Way.FORWARD)) == 20


def test_one_point_alone_has_no_delays():
    keep = np.flatnonzero(np.array(PLAIN.packets["point"].to_pylist()) == "k8s-ctr/eth1")
    alone = PLAIN.where(keep).analysed()
    assert all(delays(*each) == [] for each in matched(alone, alone).both)
    assert worth_following(matched(alone, alone).both)[0] == set()
