"""vxlan-encapsulated: whose identity the VNI is, in each direction, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings import vxlan_encapsulated
from captools.model.cluster import Cluster
from captools.model.findings import Severity
from captools.model.paths import Way
from captools.model.units import duration
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material

RULE = "vxlan-encapsulated"


def test_it_names_both_identities_the_tools_word_for_it_and_the_overhead(fired):
    found = {(one.subject["src"], one.subject["dst"]): one for one in fired(RULE, S2)}
    one = found["172.20.0.88", "172.20.2.33"]
    assert one.severity is Severity.NOTE
    for word in ("tcpdump: OTV, instance 45966", "VNI 45966 is the identity of default/curl-pod", "VNI 62886",
                 "192.168.10.100", "192.168.20.100", "50 bytes", "MTU of 1500"):  # fmt: skip
        assert word in one.statement, word
    assert all(proof.decode_as == "udp.port==8472,vxlan" for proof in one.evidence)


def test_of_a_conversation_that_nobody_answered_it_does_not_say_that_the_two_talk(fired):
    told = {(one.subject["src"], one.subject["dst"]): one.statement for one in fired(RULE, "s14-policy-drop")}
    dropped, fine = told["172.20.0.88", "172.20.2.33"], told["172.20.0.88", "172.20.1.108"]
    assert dropped.startswith("Packets of default/curl-pod (172.20.0.88) to default/webpod")
    assert "on the way back" not in dropped and " talk through VXLAN" in fine


def test_a_pod_on_the_same_node_is_not_tunnelled(fired):
    assert "172.20.0.121" not in {one.subject["dst"] for one in fired(RULE, S2)}


@pytest.mark.parametrize("name", [S1, S8, S13, LEAK, FINE])
def test_it_is_silent_without_a_tunnel(fired, name):
    assert fired(RULE, name) == []


def test_without_underlay_captures_there_is_nothing_to_say(fired):
    one = material(S2)
    for point in ("k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w0/eth1", "router/eth1", "router/eth2"):
        one = one.without(point)
    assert fired(RULE, one.analysed()) == []


def test_with_many_pods_each_pair_of_nodes_is_told_once(fired, monkeypatch):
    monkeypatch.setattr(vxlan_encapsulated, "MOST_PAIRS", 1)
    found = fired(RULE, S2)
    assert {(one.subject["src"], one.subject["dst"]) for one in found} == {("k8s-ctr", "k8s-w1"), ("k8s-ctr", "k8s-w0")}
    assert all("no packet contradicts the inventory" in one.statement and "50 bytes" in one.statement for one in found)
    found = fired(RULE, "identity-mismatch")
    assert all("of default/curl-pod (172.20.0.88) it is another one" in one.statement for one in found)


def test_a_foreign_identity_is_not_called_the_senders(fired):
    (one,) = [one for one in fired(RULE, "identity-mismatch") if one.subject["dst"] == "172.20.2.33"]
    assert (
        "VNI 62886 is not the identity that the inventory gives default/curl-pod (45966) but of k8s:app=webpod"
        in one.statement
    )


def test_without_an_inventory_a_number_is_only_perhaps_an_identity(fired):
    found = fired(RULE, replace(material(S2), cluster=Cluster()).analysed())
    assert found and all("If this is Cilium" in one.statement for one in found)
    assert not any("is the identity of" in one.statement for one in found)


@pytest.mark.parametrize(("name", "words"), [
    ("dual", ("50 bytes", "above 1370 bytes", "MTU of 1420 at k8s-", "WireGuard goes around that: 60 bytes more")),
    ("ipv6-overlay", ("50 bytes", "above 1450 bytes", "MTU of 1500")),
    ("ipv6b-underlay", ("70 bytes", "above 1430 bytes", "MTU of 1500")),
])  # fmt: skip
def test_what_the_headers_take_depends_on_the_underlay(fired, name, words):
    found = fired(RULE, name)
    assert found and all(word in one.statement for one in found for word in words)


@pytest.mark.parametrize(("name", "points"), [
    (S2, "k8s-ctr/eth1, router/eth1, router/eth2, k8s-w0/eth1"),
    ("dual", "k8s-ctr/cilium_wg0, k8s-ctr/eth1, router/eth1, router/eth2, k8s-w0/eth1, k8s-w0/cilium_wg0"),
])  # fmt: skip
def test_the_time_in_the_tunnel_is_the_sum_of_all_hops_between_its_ends(fired, name, points):
    (one,) = [
        one for one in fired(RULE, name) if (one.subject["src"], one.subject["dst"]) == ("172.20.0.88", "172.20.2.33")
    ]
    assert f"over {points}." in one.statement
    told = one.statement.partition("One packet took ")[2].partition(" over ")[0]
    path = next(
        path
        for path in material(name).analysed().paths
        if (path.flow.src, path.flow.dst) == ("172.20.0.88", "172.20.2.33")
    )
    hops = [hop for hop in path.ways(Way.FORWARD) if hop.point in points.split(", ")]
    assert told.startswith(duration(hops[-1].ts_ns - hops[0].ts_ns)) and "±" in told
