from __future__ import annotations

from collections import Counter

from captools.lab.board import score
from captools.lab.scenarios.s03_service_distribution import FROM_OUTSIDE, FROM_POD, NAME, SCENARIO, VIP
from captools.lab.topology import LEADER, NODES, WEBPODS
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
SHARES = CASE.truth["truth"]["shares"]


def test_every_webpod_answered_and_every_call_was_answered():
    assert {one["backend_pod"] for one in SHARES} == {pod.name for pod in WEBPODS}
    calls = Counter[str]()
    for one in SHARES:
        calls[one["client"]] += len(one["ports"])
    assert sorted(calls.values()) == [FROM_POD, FROM_OUTSIDE]


def test_backends_of_other_nodes_saw_the_announcing_node_where_the_call_came_from_outside():
    address = next(node.address for node in NODES if node.name == LEADER)
    hidden = {(one["client"], one["backend_node"] == LEADER): one["seen_src"] for one in SHARES}
    assert hidden == {
        ("192.168.10.200", False): address, ("192.168.10.200", True): "192.168.10.200",
        ("172.20.0.88", False): "172.20.0.88", ("172.20.0.88", True): "172.20.0.88",
    }  # fmt: skip


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told


def test_the_connections_of_each_backend_are_those_that_it_answered():
    (front,) = material(SCENARIO.id).analysed().services.frontends
    assert (front.address, front.service, front.unseen) == (VIP, f"default/{NAME}", 0)
    ours = {
        (each.flow.src, each.flow.sport, one.ip, each.src, each.sport)
        for one in front.backings
        for each in one.connections
    }
    true = {
        (one["client"], port, one["backend_ip"], one["seen_src"], seen) for one in SHARES for port, seen in one["ports"]
    }
    assert ours == true
