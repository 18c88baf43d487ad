"""unexpected-proxy-source: only an ingress proxy of Cilium's, only towards pods of other nodes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Cluster, Pod, Service
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, S8, material
from tests.correlate.requests.stage import CLUSTER, FORWARDED, FRONT, POD, VIP, back, proxied
from tests.correlate.talk import Ends, get, read, reply

RULE = "unexpected-proxy-source"
CASE = "wrong-proxy-source"
ROUTER_ADDRESS = "172.20.1.12"  # cilium_host of k8s-w1
HOST_POD = Pod(namespace="kube-system", name="node-exporter", ip="192.168.20.100", node="k8s-w0", host_network=True)


def judged(fired, source: str = ROUTER_ADDRESS, dst: str = POD, cluster: Cluster = CLUSTER, front: Ends = FRONT):
    body, inner = b"hello world", back(source, dst)
    forwarded = FORWARDED | {"x_forwarded_for": front.src}
    frames = [
        front.ask(0, get("/a")),
        inner.ask(2, get("/a", **forwarded)),
        inner.answer(10, reply(200, body)),
        front.answer(13, reply(200, body, server="envoy", x_envoy_upstream_service_time="8")),
    ]
    return fired(RULE, read(k8s_w1__eth1=frames).analysed(cluster))


def with_node(**changes: object) -> Cluster:
    nodes = tuple(replace(one, **changes) if one.name == "k8s-w1" else one for one in CLUSTER.nodes)
    return replace(CLUSTER, nodes=nodes)


def test_it_names_the_address_that_it_should_be_and_what_the_remote_node_takes_it_for(fired):
    (one,) = fired(RULE, CASE)
    assert (one.severity, one.confidence) == (Severity.ERROR, Confidence.PROVEN)
    assert one.subject == {
        "src": ROUTER_ADDRESS, "dst": POD, "dport": 80, "proto": "tcp", "node": "k8s-w1",
        "pod": "default/webpod-697b545f57-xm4vk", "vip": "192.168.10.212",
    }  # fmt: skip
    for word in (
        "172.20.1.35",
        "VNI 6",
        "reserved:remote-node",
        "k8s-w0",
        "172.20.2.0/24 dev cilium_vxlan",
        "1 attempt;",
    ):
        assert word in one.statement, word
    assert {f"ip.src == {ROUTER_ADDRESS}" in proof.filter for proof in one.evidence} == {True}
    assert "-l k8s-app=cilium-envoy --field-selector spec.nodeName=k8s-w1" in one.remedy


@pytest.mark.parametrize(
    "name", [S8, FINE, "proxy-requests", "proxy-tls", "demo-skewed", "s7b-ingress-shared-cilium-host"]
)
def test_it_is_silent_where_the_proxy_binds_as_it_should(fired, name):
    assert fired(RULE, name) == []


def test_a_remote_pod_asked_from_the_router_address_is_one(fired):
    (one,) = judged(fired)
    assert one.confidence is Confidence.LIKELY and one.subject["node"] == "k8s-w1"


@pytest.mark.parametrize("source", ["10.0.2.15", "192.168.10.101"])
def test_so_is_one_from_any_other_address_of_the_node(fired, source):
    (one,) = judged(fired, source)
    assert one.subject["src"] == source


@pytest.mark.parametrize(
    ("source", "dst"),
    [
        ("172.20.1.35", POD),  # as it should be
        (ROUTER_ADDRESS, "172.20.1.108"),  # a pod of its own node
        (ROUTER_ADDRESS, "192.168.20.100"),  # a backend in the host network: nothing is bound towards hosts
        (ROUTER_ADDRESS, "172.20.2.77"),  # a pod that no inventory knows: perhaps of another cluster
        ("172.20.1.77", POD),  # a pod's own address, which east-west policy keeps
        ("203.0.113.5", POD),
        ("192.168.20.100", POD),  # an address of another node
    ],
)
def test_what_is_right_or_not_known_to_be_wrong_is_none(fired, source, dst):
    assert judged(fired, source, dst, replace(CLUSTER, pods=(*CLUSTER.pods, HOST_POD))) == []


def test_a_node_without_an_ingress_address_has_no_ingress_of_cilium(fired):
    # It may run any other proxy in its host network, which asks from the node's own addresses.
    assert judged(fired, "192.168.10.101", cluster=with_node(ingress="")) == []


def test_policy_between_pods_is_no_ingress(fired):
    assert judged(fired, front=replace(FRONT, dst=POD, src="172.20.1.77")) == []
    behind = Service(namespace="default", name="webpod", cluster_ips=(VIP,), ports=((80, 80),), backends=(POD,))
    assert judged(fired, cluster=replace(CLUSTER, services=(behind,))) == []


def test_an_ingress_service_has_no_pods_of_its_own_and_makes_it_sure(fired):
    dummy = Service(namespace="kube-system", name="cilium-ingress", vips=(VIP,), backends=("192.192.192.192",))
    (one,) = judged(fired, cluster=replace(CLUSTER, services=(dummy,)))
    assert one.confidence is Confidence.PROVEN and one.subject["vip"] == VIP


def test_another_proxy_in_the_host_network_is_none(fired):
    # Its Service has nodes behind it, and where no Service is known nothing says that it is Envoy.
    service = Service(namespace="ingress-nginx", name="controller", vips=(VIP,), backends=("192.168.10.101",))
    assert judged(fired, cluster=replace(CLUSTER, services=(service,))) == []
    frames = proxied(back(ROUTER_ADDRESS))
    frames[-1] = FRONT.answer(13, reply(200, b"hello world", server="nginx"))
    assert fired(RULE, read(k8s_w1__eth1=frames).analysed(CLUSTER)) == []


def test_without_the_client_leg_it_is_possible_and_only_for_clients_outside(fired):
    (one,) = fired(RULE, _alone(x_forwarded_for="192.168.10.200", x_envoy_internal="true"))
    assert (one.confidence, one.subject["vip"]) == (Confidence.POSSIBLE, None)
    assert fired(RULE, _alone(x_forwarded_for="172.20.1.108", x_envoy_internal="true")) == [], "a pod asks"
    assert fired(RULE, _alone(x_forwarded_for="192.168.10.200")) == [], "nothing says that it was Envoy"


def _alone(**headers: str):
    inner = back(ROUTER_ADDRESS)
    return read(k8s_w1__eth1=[inner.ask(2, get("/a", **headers)), inner.answer(3, reply(200, b"x"))]).analysed(CLUSTER)


@pytest.mark.parametrize("half", [0, 1])
def test_with_half_of_the_points_it_names_nothing_else_and_is_no_surer(fired, half):
    less = material(CASE)
    for number, point in enumerate(source.point for source in material(CASE).sources):
        if number % 2 == half:
            less = less.without(point)
    for one in fired(RULE, less.analysed()):
        assert (one.subject["src"], one.subject["dst"], one.subject["node"]) == (ROUTER_ADDRESS, POD, "k8s-w1")
