"""Ends: which node stands behind an address, and what it is to the encryption of pod traffic."""

from __future__ import annotations

from dataclasses import replace

from captools.correlate.sightings import ABSENT
from captools.correlate.wireguard.ends import End, Ends
from captools.model.cluster import Cluster, IpcacheEntry, Node, Pod
from tests.correlate.sealed_talk import CLUSTER, EAST, EAST_POD, WEST_POD, Talk, carried, data, ping, talk

STRANGER = "198.51.100.7"


def ends(found: Talk, cluster: Cluster) -> tuple[Ends, dict[str, int]]:
    rows = found.rows()
    return Ends(rows, cluster), {address: code for code, address in enumerate(rows.addresses)}


def seen(*addresses: str) -> Talk:
    return talk(east__eth0=[carried(ping(1, src=EAST_POD, dst=one), at) for at, one in enumerate(addresses)])


def test_addresses_are_told_by_the_inventory():
    cluster = replace(
        CLUSTER,
        nodes=(replace(CLUSTER.nodes[0], ingress="10.1.0.9"), CLUSTER.nodes[1]),
        ipcache=(IpcacheEntry(prefix="10.2.0.77/32", identity=4),),
    )
    found, code = ends(seen(EAST, WEST_POD, "10.2.0.200", "10.2.0.1", "10.1.0.9", "10.2.0.77", STRANGER), cluster)
    told = {one: (End(found.kind[at]), found.name(int(found.owner[at]))) for one, at in code.items()}
    assert told == {
        EAST_POD: (End.COVERED, "east"),
        EAST: (End.NODE, "east"),
        WEST_POD: (End.COVERED, "west"),
        "10.2.0.200": (End.COVERED, "west"),  # by its prefix, no pod of that address is known
        "10.2.0.1": (End.NODE, "west"),
        "10.1.0.9": (End.COVERED, "east"),
        "10.2.0.77": (End.HEALTH, "west"),
        STRANGER: (End.OTHER, ""),
    }


def test_only_an_internal_address_is_an_underlay_one():
    found, code = ends(seen(EAST, WEST_POD), CLUSTER)
    assert found.name(int(found.underlay[code[EAST]])) == "east" and found.underlay[code[WEST_POD]] == ABSENT


def test_the_ends_of_a_datagram_are_nodes_or_stand_for_themselves():
    here = talk(east__eth0=[data(0, 0), data(1, 0, dst=STRANGER)])
    rows = here.rows()
    found = Ends(rows, CLUSTER)
    assert [found.name(one) for one in found.of_datagrams(rows["dst"]).tolist()] == ["west", STRANGER]


def test_members_are_the_nodes_of_the_cluster_and_nobody_is_not():
    outside = Node(name="router", internal_ip="192.168.10.200")
    cluster = replace(CLUSTER, nodes=(*CLUSTER.nodes, outside))
    found, code = ends(seen(EAST, "192.168.10.200"), cluster)
    members = found.members()
    assert members[found.owner[code[EAST]]] and not members[found.owner[code["192.168.10.200"]]] and not members[ABSENT]


def test_a_pod_of_the_host_network_is_its_node():
    host = Pod(namespace="kube-system", name="agent", ip=EAST, node="east", host_network=True)
    found, code = ends(seen(EAST), replace(CLUSTER, pods=(*CLUSTER.pods, host)))
    assert found.kind[code[EAST]] == End.NODE


def test_without_pods_or_prefixes_nothing_is_known():
    assert not Ends(seen(EAST).rows(), Cluster(nodes=(Node(name="east", internal_ip=EAST),))).known
    assert Ends(seen(EAST).rows(), CLUSTER).known


def test_a_prefix_that_is_none_is_passed_over():
    broken = replace(CLUSTER, nodes=(replace(CLUSTER.nodes[0], pod_cidrs=("nonsense",)), CLUSTER.nodes[1]))
    found, code = ends(seen("10.2.0.200"), broken)
    assert found.kind[code["10.2.0.200"]] == End.COVERED
