"""Paths: the order of hops is the order of travel, whatever clocks, sources and rows look like."""

from __future__ import annotations

import pytest

from tests.correlate.material import S1, S2, S8, S13, Material, material

PING = ("172.20.0.88", "172.20.2.33", 1)


def ladder(one: Material, flow=PING) -> list[tuple[str, str, str]]:
    path = next(p for p in one.analysed().paths if (p.flow.src, p.flow.dst, p.flow.proto) == flow)
    return [(hop.way.value, hop.point, hop.change.value) for hop in path.hops]


@pytest.mark.parametrize("seed", [4, 5])
def test_the_order_of_rows_changes_nothing(seed):
    assert ladder(material(S2).shuffled(seed)) == ladder(material(S2))


@pytest.mark.parametrize("ahead", [25_000_000, -25_000_000])
def test_a_clock_that_runs_wrong_changes_no_order(ahead):
    assert ladder(material(S2).with_clock("k8s-w0", ahead)) == ladder(material(S2))


def test_delays_between_nodes_carry_an_error_that_covers_a_wrong_clock():
    def delays(one: Material):
        path = next(p for p in one.analysed().paths if (p.flow.src, p.flow.dst, p.flow.proto) == PING)
        return [(hop.delay_ns, hop.delay_error_ns) for hop in path.hops if hop.delay_ns is not None]

    for (true, bound), (found, error) in zip(
        delays(material(S2)), delays(material(S2).with_clock("k8s-w0", 40_000_000)), strict=True
    ):
        assert abs(found - true) <= error + bound


def test_a_point_less_is_a_hop_less_and_nothing_else():
    without = ladder(material(S2).without("router/eth1"))
    assert [hop[1] for hop in without] == [hop[1] for hop in ladder(material(S2)) if hop[1] != "router/eth1"]


def test_seeing_a_point_twice_adds_no_hop():
    assert ladder(material(S2).doubled("k8s-ctr/eth1")) == ladder(material(S2))


def test_directions_follow_from_mac_addresses():
    path = next(p for p in material(S1).analysed().paths if (p.flow.src, p.flow.dst, p.flow.proto) == PING)
    assert [(hop.point.partition("/")[2][:3], hop.direction) for hop in path.hops] == [
        ("lxc", "in"), ("eth", "out"), ("eth", "in"), ("eth", "out"),
    ]  # fmt: skip


def test_no_hop_takes_negative_time_on_one_clock():
    for name in (S1, S2, S8, S13):
        for path in material(name).analysed().paths:
            for before, hop in zip(path.hops, path.hops[1:], strict=False):
                if before.way is hop.way and before.point.partition("/")[0] == hop.point.partition("/")[0]:
                    assert hop.delay_ns is not None and hop.delay_ns >= 0, (str(path.flow), hop.point)


def test_super_frames_and_the_segments_they_are_cut_into_leave_the_flow_delivered():
    # The larger answer of S2: up to 40 kB frames on lxc*, 1448-byte segments on the wire.
    flows = [p for p in material(S2).analysed().paths if p.flow.dst == "172.20.2.33" and p.flow.proto == 6]
    assert flows and all(p.outcome.value == "delivered" for p in flows)
