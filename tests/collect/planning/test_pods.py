"""Which pods are meant, and their devices, in all the ways they can be found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.collect.facts import Interface, NodeFacts, NodeRoute, PeerLink
from captools.collect.planning.pods import PodWish, device_of, labels_of, wanted_pods
from captools.model.cluster import Cluster, Pod, Service
from captools.model.errors import UsageError


def pod(namespace, name, ip, **more):
    return Pod(namespace=namespace, name=name, ip=ip, node="n1", **more)


WEB1 = pod("shop", "web-1", "172.20.1.7", kube_labels=(("app", "web"), ("tier", "front")))
WEB2 = pod("shop", "web-2", "172.20.1.8", kube_labels=(("app", "web"), ("tier", "back")))
API = pod("shop", "api", "172.20.1.9", labels=("k8s:app=api", "reserved:x"))
TEST = pod("test", "web-1", "172.20.1.10", kube_labels=(("app", "web"),))
HOST = pod("shop", "agent", "192.168.10.1", kube_labels=(("app", "agent"),), host_network=True)
CLUSTER = Cluster(
    pods=(WEB1, WEB2, API, TEST, HOST),
    services=(
        Service(namespace="shop", name="web", backends=("172.20.1.8",), selector=(("app", "web"),)),
        Service(namespace="shop", name="both", selector=(("app", "web"),)),
        Service(namespace="shop", name="agents", backends=("192.168.10.1",), selector=(("app", "agent"),)),
        Service(namespace="shop", name="ingress"),
        Service(namespace="shop", name="none", selector=(("app", "gone"),)),
    ),
)


def meant(**wish):
    return list(wanted_pods(CLUSTER, PodWish(**wish)))


def test_names_and_globs_with_and_without_a_namespace():
    assert meant(pods=("shop/web-1",)) == ["shop/web-1"]
    assert meant(pods=("shop/web-*",)) == ["shop/web-1", "shop/web-2"]
    assert meant(pods=("api",)) == ["shop/api"]
    assert meant(pods=("web-1",), namespace="test") == ["test/web-1"]
    assert meant(pods=("*/web-1",)) == ["shop/web-1", "test/web-1"]
    with pytest.raises(UsageError, match=r"several namespaces have a pod 'web-1': shop/web-1, test/web-1; .* -n NS"):
        meant(pods=("web-1",))


def test_an_unknown_pod_names_the_known_ones():
    with pytest.raises(UsageError, match="no pod 'a/b' in the inventory; known pods: shop/web-1, shop/web-2"):
        meant(pods=("a/b",))


def test_selectors_look_at_the_pods_own_labels_else_at_ciliums():
    assert meant(selectors=("app in (web),tier!=back",)) == ["shop/web-1", "test/web-1"]
    assert meant(selectors=("app=api",), namespace="shop") == ["shop/api"]
    assert labels_of(API) == {"app": "api"}
    with pytest.raises(UsageError, match="no pod in namespace test fits the selector 'app=api'"):
        meant(selectors=("app=api",), namespace="test")


def test_a_service_means_its_endpoints_else_what_its_selector_fits_in_its_namespace():
    assert meant(services=("shop/web",)) == ["shop/web-2"]
    assert meant(services=("both",)) == ["shop/web-1", "shop/web-2"]
    assert meant(services=("shop/agents",)) == ["shop/agent"]
    assert wanted_pods(CLUSTER, PodWish(services=("shop/web",)))["shop/web-2"] == "--service shop/web"


def test_a_service_without_known_pods_says_why():
    with pytest.raises(UsageError, match="it has no selector: a proxy answers for it; follow a call with --request"):
        meant(services=("shop/ingress",))
    with pytest.raises(UsageError, match="it has no ready backend"):
        meant(services=("shop/none",))
    with pytest.raises(UsageError, match="no service 'x' in the inventory; known services: shop/web"):
        meant(services=("x",))


FACTS = NodeFacts(
    interfaces=(
        Interface(name="eth1", link_type="ether", index=2, addresses=("192.168.10.1",)),
        Interface(name="cilium_host", kind="veth", index=4),
        Interface(name="lxcaa", kind="veth", index=12, peer=11),
        Interface(name="lxcbb", kind="veth", index=14, peer=11),
    ),
    routes=(
        NodeRoute(prefix="172.20.1.0/24", device="cilium_host"),
        NodeRoute(prefix="172.20.1.8", device="lxcbb"),
        NodeRoute(prefix="172.20.1.9", device="eth1"),
    ),
)


def test_the_endpoint_list_names_the_device_or_its_index():
    named = device_of([replace(WEB1, interface="lxcaa")], FACTS)
    assert named is not None and (named.name, named.how) == ("lxcaa", "Cilium's endpoint list names it")
    indexed = device_of([replace(WEB1, ifindex=14)], FACTS)
    assert indexed is not None and (indexed.name, indexed.how) == ("lxcbb", "Cilium's endpoint list gives its index 14")


def test_a_device_that_is_gone_is_looked_for_by_the_route_instead():
    found = device_of([replace(WEB2, interface="lxcold")], FACTS)
    assert found is not None and (found.name, found.how) == ("lxcbb", "the node's route to 172.20.1.8 leads there")


def test_a_route_to_many_pods_or_over_a_card_names_none():
    assert device_of([WEB1], FACTS) is None
    assert device_of([API], FACTS) is None


def test_the_pods_own_card_names_the_device_where_both_ends_agree():
    right = replace(FACTS, peers=(PeerLink(index=11, peer=12, addresses=("fe80::1", "172.20.1.7")),))
    found = device_of([WEB1], right)
    assert found is not None and found.name == "lxcaa" and "its other end" in found.how
    # In a namespace of its own (a container inside a pod) index 12 means another interface.
    nested = replace(FACTS, peers=(PeerLink(index=3, peer=12, addresses=("172.20.1.7",)),))
    assert device_of([WEB1], nested) is None


def test_either_address_of_a_dual_stack_pod_will_do():
    six = replace(WEB1, ip="fd00::7")
    facts = replace(FACTS, routes=(NodeRoute(prefix="fd00::7", device="lxcaa"),))
    found = device_of([WEB1, six], facts)
    assert found is not None and found.how == "the node's route to fd00::7 leads there"
