"""Witnesses: the first point behind the last sighting that would have shown the packet, or why there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.analyse import point_roles
from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.directions import IN, OUT
from captools.correlate.paths.expected import Guide, Step
from captools.correlate.paths.hops import Sighting
from captools.correlate.paths.witness import Witnesses
from captools.model.cluster import Cluster
from captools.model.flows import Flow
from captools.model.points import Role
from tests.correlate.paths.scenes import A_IP, A_POD, B_IP, B_POD, CONFIG, Scene, chatter, cluster, link, pinged

FLOW = Flow(A_POD, B_POD, 1, icmp_id=7)


def asked(there: int, of: Cluster | None = None, **changes: object) -> tuple[str, str]:
    """Ask behind a ping that came ``there`` points far."""
    one = pinged(chatter(Scene({}), 5, 15), 10, 1, there=there, reply=False).read(**changes)
    rows, of = one.rows(), of or cluster()
    coverage = Coverage(rows, one.sources, point_roles(rows, of), of)
    mine = [row for row in range(len(rows)) if rows.address("src", row) == A_POD]
    last = max(mine, key=lambda row: int(rows["ts_ns"][row]))
    direction = IN if rows.point(last) in ("a/lxca", "r/eth1", "b/eth0") else OUT
    strand = Sighting(row=last, proofs=(last,), direction=direction)
    return Witnesses(rows, coverage, Guide(of)).behind(strand, FLOW, {rows.point(row) for row in mine})


@pytest.mark.parametrize(
    ("there", "next_"), [(1, "a/eth0"), (2, "r/eth1"), (3, "r/eth2"), (4, "b/eth0"), (5, "b/lxcb")]
)
def test_the_next_point_of_the_tables_is_the_witness(there, next_):
    assert asked(there) == (next_, "")


def test_at_the_last_point_only_an_answer_would_prove_more():
    witness, why = asked(6)
    assert witness == "" and "b/lxcb, the last point before its destination" in why


def test_a_point_that_was_not_captured_leaves_it_to_the_one_behind():
    scene = pinged(chatter(Scene({}), 5, 15), 10, 1, there=2, reply=False)
    del scene.points["r__eth1"]
    path = scene.path(A_POD)
    assert path.lost_between == ("a/eth0", "r/eth2")


def test_why_none_is_a_witness_is_told_of_the_nearest_that_was_captured():
    assert "r/eth1 was captured with a content filter" in asked(2, match="GET")[1]
    assert "r/eth1 has no counts" in asked(2, counts=False)[1]


def test_where_no_table_leads_on_the_destinations_own_doors_are_asked():
    of = cluster()
    r = of.node("r")
    assert r is not None
    of = replace(of, nodes=tuple(replace(n, routes=()) if n.name == "r" else n for n in of.nodes))
    assert asked(4, of) == ("b/eth0", "")


def test_a_table_that_changed_during_the_capture_leads_nowhere_for_certain():
    of = cluster()
    r = of.node("r")
    assert r is not None
    other = tuple(replace(route, dev="eth9") for route in r.routes)
    of = replace(of, nodes=tuple(replace(n, routes_at_end=other) if n.name == "r" else n for n in of.nodes))
    assert asked(4, of) == ("b/eth0", "")


def test_without_an_inventory_nobody_is_asked():
    witness, why = asked(4, Cluster())
    assert witness == "" and "no inventory knows r" in why


@pytest.mark.parametrize(("settings", "says"), [("enable-wireguard", "encrypted"), ("enable-ipsec", "IPsec")])
def test_a_card_between_encrypting_nodes_is_no_witness_of_pod_packets(settings, says):
    of = cluster(config={**CONFIG, settings: "true"})
    if settings == "enable-wireguard":
        of = replace(of, nodes=tuple(replace(n, links=(*n.links, link(8, "cilium_wg0", kind="wireguard")))
                                     if n.in_cluster else n for n in of.nodes))  # fmt: skip
    witness, why = asked(1, of)
    # The interface of the pod itself, behind decryption, is one.
    assert witness == "b/lxcb" and why == ""
    rows = Scene({})
    chatter(rows, 5)
    one = rows.read()
    told = one.rows()
    witnesses = Witnesses(told, Coverage(told, one.sources, point_roles(told, of), of), Guide(of))
    walk = witnesses.guide.walk("a", A_POD, B_POD)
    card = next(step for step in walk.steps if step.point == "a/eth0")
    assert says in witnesses.blind(card, FLOW, int(told["ts_ns"][0]))


@pytest.mark.parametrize(
    ("filter_", "carried", "sees"),
    [("udp port 8472", "vxlan", True), ("host 10.0.2.5", "vxlan", False), ("udp port 6081", "geneve", True),
     ("ip proto 47", "gre", True), ("ip proto 4", "ipip", True), ("host 10.0.2.5", "plain", True)],
)  # fmt: skip
def test_inside_a_tunnel_the_filter_sees_the_outer_header(filter_, carried, sees):
    one = chatter(Scene({}), 5).read(user_filter=filter_)
    rows, of = one.rows(), cluster()
    witnesses = Witnesses(rows, Coverage(rows, one.sources, point_roles(rows, of), of), Guide(of))
    outer = None if carried == "plain" else (A_IP, B_IP)
    step = Step(point="r/eth1", direction=IN, why="", carried=carried, outer=outer, role=Role.NIC)
    why = witnesses.blind(step, FLOW, int(rows["ts_ns"][0]))
    assert why == "" if sees else "lets no such packet by" in why
