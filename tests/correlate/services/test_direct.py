"""Pods that call backends themselves: whom they meant, and when nothing can be said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Cluster, Pod, Service
from captools.model.evidence import Confidence
from captools.model.hubble import HubbleEnd, HubbleFlow
from captools.model.services import Distribution
from tests.correlate.services.balancing import PODS, Wire, cluster, direct

POD = "10.0.1.9"
OWN = "n1__lxc9"
MIXED = [PODS[at] for at in (0, 1, 2, 0, 1, 1, 0, 2, 2, 1, 0, 2, 1, 2, 0, 1, 0, 2)]
CALLER = Pod(namespace="d", name="caller", ip=POD, node="n1", interface="lxc9")


def of(**changes: object) -> Cluster:
    one = cluster()
    config = {"kube-proxy-replacement": "true"}
    return replace(one, **{"pods": (*one.pods, CALLER), "config": config, **changes})  # type: ignore[arg-type]


def told(wire: Wire, known: Cluster | None = None, **source: object) -> list[Distribution]:
    return list(wire.analysed(known or of(), **source).services.distributions)


def event(kind: str, dst: HubbleEnd) -> HubbleFlow:
    verdict = "TRACED" if kind == "pre-xlate-fwd" else "TRANSLATED"
    return HubbleFlow(time="", src=HubbleEnd(pod="d/caller"), dst=dst, kind=kind, verdict=verdict, proto="TCP")


HUBBLE = (event("pre-xlate-fwd", HubbleEnd(ip="10.96.0.9", port=80)), event("post-xlate-fwd", HubbleEnd(pod="d/web-1")))


def test_the_service_is_named_by_its_backends_and_only_likely():
    (one,) = told(direct(Wire(), POD, OWN, *MIXED))
    assert (one.name, one.address, one.confidence, one.port) == ("d/web", "", Confidence.LIKELY, 80)
    assert [(share.name, share.count) for share in one.shares] == [("d/web-1", 6), ("d/web-2", 6), ("d/web-3", 6)]
    assert one.chance == pytest.approx(1.0) and one.points == ("n1/lxc9",) and one.evidence
    assert "EndpointSlices" in one.named_by


@pytest.mark.parametrize(
    "config",
    [
        {},  # who knows
        {"bpf-lb-sock": "false"},
        {"kube-proxy-replacement": "true", "bpf-lb-sock-hostns-only": "true"},  # pods' packets keep the service address
    ],
)
def test_a_pod_whose_sockets_do_not_choose_calls_pods_and_no_service(config):
    assert told(direct(Wire(), POD, OWN, *MIXED), of(config=config)) == []


def test_hubble_tells_that_a_socket_chose_and_which_service_was_called():
    other = Service(namespace="d", name="web-too", cluster_ips=("10.96.0.10",), ports=((80, 80),), backends=PODS)
    two = of(services=(*cluster().services, other))
    (one,) = told(direct(Wire(), POD, OWN, *MIXED), two)
    assert (one.name, one.confidence) == ("d/web or d/web-too", Confidence.POSSIBLE)
    (one,) = told(direct(Wire(), POD, OWN, *MIXED), replace(two, hubble=HUBBLE, config={}))
    assert (one.name, one.confidence) == ("d/web", Confidence.LIKELY) and "Hubble" in one.named_by


def test_a_headless_service_has_no_address_to_choose_for():
    headless = tuple(replace(one, cluster_ips=(), vips=()) for one in cluster().services)
    assert told(direct(Wire(), POD, OWN, *MIXED), of(services=headless)) == []


def test_another_port_of_the_same_pods_is_another_matter():
    other = tuple(replace(one, ports=((80, 8080),)) for one in cluster().services)
    assert told(direct(Wire(), POD, OWN, *MIXED), of(services=other)) == []


def test_a_node_or_a_stranger_is_no_pod():
    assert told(direct(Wire(), "198.51.100.1", "lb__eth1", *MIXED)) == []
    assert told(direct(Wire(), "192.0.2.7", "lb__eth1", *MIXED)) == []


def test_one_backend_alone_is_called_by_its_own_address():
    assert told(direct(Wire(), POD, OWN, *[PODS[0]] * 40)) == []


def test_seen_elsewhere_than_at_the_pod_the_calls_are_no_fair_sample():
    (one,) = told(direct(Wire(), POD, "lb__eth1", *MIXED))
    assert one.chance is None and "not all calls of 10.0.1.9 were seen at its own interface" in one.untested


def test_a_filter_that_may_hide_a_backend_leaves_nothing_to_test():
    skewed = [PODS[0]] * 40 + [PODS[1]]
    (one,) = told(direct(Wire(), POD, OWN, *skewed), user_filter=f"host {PODS[0]}")
    assert one.chance is None and "filter" in one.untested
    (one,) = told(direct(Wire(), POD, OWN, *skewed), user_filter="tcp port 80")
    assert one.chance is not None and one.chance < 1e-6
    (one,) = told(direct(Wire(), POD, OWN, *skewed), match="GET")
    assert one.chance is None
