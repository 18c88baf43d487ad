"""Conversations are matched by names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Cluster
from captools.views.diff.conversations import ONLY_FILE, Name, matched, workload
from captools.views.diff.transfers import transfers
from tests.views.diff.sessions import AFTER, BEFORE, CLEAR, FINE, SEALED, VXLAN


@pytest.mark.parametrize(
    ("pod", "name"),
    [
        ("default/webpod-697b545f57-2dg5m", "default/webpod"),  # ReplicaSet of a Deployment
        ("kube-system/cilium-x7zk9", "kube-system/cilium"),  # DaemonSet
        ("kube-system/coredns-7db6d8ff4d-9xk2p", "kube-system/coredns"),
        ("db/mysql-0", "db/mysql-0"),  # StatefulSet: its names are for good
        ("default/curl-pod", "default/curl-pod"),
        ("default/productpage-v1", "default/productpage-v1"),
        ("k8s-w1", "k8s-w1"),
        ("192.168.10.200", "192.168.10.200"),
    ],
)
def test_a_pod_is_one_of_its_workload(pod, name):
    assert workload(pod) == name


def test_the_same_ends_match_whatever_their_ports():
    both = {str(one.name): (len(one.flows), len(other.flows)) for one, other in matched(FINE, VXLAN).both}
    # By the scenarios: three pings and three requests each, five health checks; in B also a second connection.
    assert both["default/curl-pod -> default/webpod-697b545f57-xm4vk tcp port 80"] == (1, 2)
    assert both["default/curl-pod -> default/webpod-697b545f57-xm4vk icmp"] == (1, 1)
    assert both["k8s-ctr -> k8s-w0 icmp"] == (1, 1) and len(both) == 11


def test_other_ends_and_other_services_are_new_or_gone():
    found = matched(CLEAR, SEALED)
    # Health checks go between node addresses in clear, between the routers' addresses where WireGuard is on.
    assert {str(one.name) for one in found.new} == {
        f"cilium_host of {a} -> cilium_host of {b} icmp"
        for a, b in [("k8s-ctr", "k8s-w0"), ("k8s-ctr", "k8s-w1"), ("k8s-w1", "k8s-w0")]
    }
    assert len(found.gone) == 5 and {one.name.proto for one in found.gone} == {1}


def renamed(analysis, old: str, new: str, ip: str):
    """The session as if a pod had been replaced: another name, another address, another device."""

    def path(one):
        flow = replace(one.flow, **{end: new_ip for end in ("src", "dst") if getattr(one.flow, end) == pod.ip})
        return replace(one, flow=flow)

    (pod,) = (one for one in analysis.cluster.pods if one.name == old)
    new_ip = ip
    pods = tuple(
        replace(one, name=new, ip=ip, interface="lxcnew") if one is pod else one for one in analysis.cluster.pods
    )
    cluster = Cluster(nodes=analysis.cluster.nodes, pods=pods, services=analysis.cluster.services)
    return replace(analysis, cluster=cluster, paths=tuple(map(path, analysis.paths)))


def test_a_replaced_pod_is_matched_by_its_workload_and_its_device_by_the_pod():
    after = renamed(CLEAR, "webpod-697b545f57-2dg5m", "webpod-5d4f8c7b96-zz9x2", "172.20.1.77")
    found = matched(CLEAR, after)
    assert not found.new and not found.gone
    pairs = {str(one.name): other for one, other in found.both}
    other = pairs["default/curl-pod -> default/webpod tcp port 5201"]
    assert {path.flow.dst for path in other.paths} == {"172.20.1.77"}
    assert other.place("k8s-w1/lxcnew") == "k8s-w1/lxc of default/webpod"
    assert other.place("k8s-w1/eth1") == "k8s-w1/eth1"


def test_two_loose_files_are_one_place():
    assert {one.place(point) for one, _ in matched(BEFORE, AFTER).both for point in ("before", "k8s-w1/eth1")} == {
        ONLY_FILE, "k8s-w1/eth1"
    }  # fmt: skip
    told = {one.name: one.judged.value for each in matched(BEFORE, AFTER).both for one in transfers(*each)}
    assert told[f"bytes on the wire per byte delivered, of transfers, at {ONLY_FILE}"] == "same"
    assert f"handshake at {ONLY_FILE}" in told


def test_addresses_that_nobody_knows_stand_for_themselves():
    bare = replace(CLEAR, cluster=Cluster())
    names = {one.name for one, _ in matched(bare, bare).both}
    assert Name("172.20.0.88", "172.20.1.108", 6, 5201) in names
