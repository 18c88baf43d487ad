from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.wrong_proxy_source import SCENARIO
from captools.pipeline import open_session
from captures import case

CASE = case(SCENARIO.id)


def test_one_remote_backend_sees_cilium_host_the_other_the_ingress_address():
    seen = {one["backend_node"]: one["remote_addr"] for one in CASE.truth["truth"]["requests"]}
    assert seen == {"k8s-ctr": "172.20.1.35", "k8s-w1": "172.20.1.12", "k8s-w0": "172.20.1.12"}


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told


def test_the_tunnel_shows_the_node_where_it_should_show_the_ingress():
    """The VNI is the sender's identity (FACTS, section 2): 6 is a remote node, 8 the ingress."""
    vnis = {
        (path.flow.src, path.flow.dst): hop.vni
        for path in open_session([CASE.folder]).analysis.paths
        for hop in path.hops
        if hop.vni is not None and hop.src == path.flow.src
    }
    assert vnis["172.20.1.12", "172.20.2.33"] == 6 and vnis["172.20.1.35", "172.20.0.121"] == 8
