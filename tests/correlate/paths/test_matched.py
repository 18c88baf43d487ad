"""What is known before packets are followed: the columns of all helpers are of the same conversations."""

from __future__ import annotations

import numpy as np

from captools.correlate.clocks.settle import settle
from captools.correlate.paths.matched import matched
from captools.correlate.same.flows import connections
from captools.correlate.same.nat import join_translated
from captools.correlate.same.repeats import Repeat
from captures.build import icmp_error, ipv4
from tests.correlate.paths.scenes import A_POD, R1_IP, Scene, ping
from tests.correlate.paths.test_losses import goes


def test_lanes_errors_runs_and_repeats_speak_of_the_same_groups():
    scene = Scene({})
    goes(scene, 10, 6)
    goes(scene, 20, 2, seq=1100, ident=2)
    goes(scene, 230, 6, seq=1100, ident=3, tsval=9)
    scene.sees(240, ping(1), "a__eth0")
    scene.sees(241, ipv4(icmp_error(ping(1)[:28], code=1), src=R1_IP, dst=A_POD, proto=1), "a__eth0")
    rows = scene.read().rows()
    settled = settle(rows, "a")
    groups = join_translated(settled.rows, connections(settled.rows, settled.matches))
    none = np.full(len(rows), -1)
    known = matched(settled.rows, settled.matches, groups, none, settled.clocks)
    tcp = next(number for number, group in enumerate(groups) if group[0].flow.proto == 6)
    assert set(known.lane[rows["proto"] == 6].tolist()) == {2 * tcp}
    again = known.repeated == Repeat.RETRANSMITTED
    # Both points that saw both copies say so of the second one.
    assert sorted(rows.point(row) for row in np.flatnonzero(again).tolist()) == ["a/eth0", "a/lxca"]
    assert {groups[number][0].flow.proto for number in known.errors.groups.tolist()} == {1}
