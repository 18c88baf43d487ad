"""service-dnat: who stands behind an address, who translated, and whose address the backends saw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings.service_dnat import MOST_TOLD
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.correlate.services.balancing import CLIENT, LB, PODS, VIP, Wire

RULE = "service-dnat"
S3, S6 = "s3-service-distribution", "s6-vip-shared-port"


def test_it_names_both_nodes_that_translated_and_the_backends_with_their_counts(fired):
    (one,) = fired(RULE, S3)
    assert (one.severity, one.confidence) == (Severity.NOTE, Confidence.PROVEN)
    assert (one.subject["vip"], one.subject["dport"], one.subject["name"]) == (
        "192.168.10.213",
        80,
        "default/webpod-lb",
    )
    assert "k8s-ctr (15) and k8s-w1 (45)" in one.statement and one.subject["node"] is None
    assert {"k8s-w1/eth1", "k8s-ctr/eth1"} <= set(one.coverage.points)
    assert "kubectl get endpointslices -n default" in one.remedy and "on k8s-ctr: cilium-dbg" in one.remedy


def test_of_one_address_each_port_has_its_own_service_and_backends(fired):
    found = {one.subject["dport"]: one for one in fired(RULE, S6)}
    assert {port: one.subject["name"] for port, one in found.items()} == {
        80: "default/webpod-lb", 8080: "default/productpage-lb",
    }  # fmt: skip
    assert "172.20.1.102:9080" in found[8080].statement and "172.20.1.102" not in found[80].statement
    assert "The same address serves default/productpage-lb on port 8080." in found[80].statement
    assert {one.subject["node"] for one in found.values()} == {"k8s-w1"}


@pytest.mark.parametrize(
    "name", [S1, S2, S8, S13, LEAK, FINE, "masquerade", "proxy-requests", "s3b-socket-load-balancer"]
)
def test_it_is_silent_where_no_destination_is_rewritten(fired, name):
    assert fired(RULE, name) == []


def test_backends_that_see_a_node_are_told_from_those_that_see_the_client(fired):
    (one,) = fired(RULE, Wire().calls(PODS[0], PODS[1]).analysed())
    assert "The backends see the clients' own addresses." in one.statement
    (one,) = fired(RULE, Wire().calls(PODS[0], PODS[1], source=LB).analysed())
    assert (
        f"The source was replaced too (SNAT): d/web-1 and d/web-2 saw lb ({LB}) instead of the client." in one.statement
    )
    (one,) = fired(RULE, Wire().call(PODS[0]).call(PODS[1], source=LB).analysed())
    assert "In 1 of them the source was replaced too (SNAT): d/web-2 saw" in one.statement


def test_without_an_inventory_it_says_what_the_packets_say(fired):
    (one,) = fired(RULE, Wire().call(PODS[0]).analysed(Cluster()))
    assert one.statement.startswith(
        f"1 connection of {CLIENT} to {VIP}:80 was given another destination (DNAT) by lb: "
    )
    assert (one.subject["dst"], one.subject["name"]) == (VIP, None) and "bpf lb list" in one.remedy


def test_it_is_less_sure_where_no_capture_tells_which_machine_translated(fired):
    (one,) = fired(RULE, Wire().call(PODS[0], behind="n1__lxc1").analysed())
    assert one.confidence is Confidence.LIKELY and "a machine between lb/eth0 and n1/lxc1" in one.statement
    assert one.subject["node"] is None


def test_an_ipv6_address_in_brackets_is_looked_for_as_it_stands(fired):
    analysis = Wire().call(PODS[0]).analysed()
    (front,) = analysis.services.frontends
    services = replace(analysis.services, frontends=(replace(front, address="fd00::5"),))
    (one,) = fired(RULE, replace(analysis, services=services))
    assert one.remedy.endswith("grep -F '[fd00::5]:80'")


def test_connections_whose_backend_nobody_saw_are_said_to_be_so(fired):
    (one,) = fired(RULE, Wire().call(PODS[0]).call(PODS[1], behind=None).analysed())
    assert "The backend of 1 more connection to it could not be told." in one.statement


def test_without_the_points_of_the_translating_node_it_is_less_sure_or_silent(fired):
    one = material(S6)
    for point in ("k8s-w1/eth1", "k8s-ctr/eth1", "router/eth2"):
        one = one.without(point)
    known = {80: {"172.20.0.121", "172.20.2.33"}, 8080: {"172.20.1.102"}}
    for found in fired(RULE, one.analysed()):
        assert found.confidence is Confidence.LIKELY and found.subject["node"] is None
        others = {pod for port, pods in known.items() if port != found.subject["dport"] for pod in pods}
        assert not any(pod in found.statement for pod in others)


def test_of_very_many_addresses_the_busiest_are_told_one_by_one_and_the_rest_together(fired):
    wire = Wire()
    for number in range(20):
        wire.calls(*[PODS[0]] * (1 + (number < 3)), port=8000 + number)
    found = fired(RULE, wire.analysed())
    assert len(found) == MOST_TOLD + 1
    rest = [one for one in found if "more service addresses" in one.statement]
    assert len(rest) == 1 and "8 more" in rest[0].statement and f"{VIP}:8019" in rest[0].statement and rest[0].evidence


@pytest.mark.parametrize("ahead_ns", [25_000_000, -600_000_000_000])
def test_a_clock_that_runs_wrong_changes_nothing_of_it(fired, ahead_ns):
    (one,), (other,) = fired(RULE, S3), fired(RULE, material(S3).with_clock("k8s-w1", ahead_ns).analysed())
    assert (one.statement, one.confidence, one.subject) == (other.statement, other.confidence, other.subject)
