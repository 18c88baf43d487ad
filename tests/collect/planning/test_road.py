"""The road of a request through recorded labs; that its filter misses nothing is held against tshark."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest

from captools.collect.planning.asked import read_url
from captools.collect.planning.road import ON_THE_WAY, Road, announcers_of, road_of
from captools.lab.topology import LEADER, NODES, VIP_SHARED, WEBPODS, webpod_on
from captools.model.addresses import endpoint
from captools.model.cluster import Cluster, Link, Neighbour, Node, Service
from captools.model.points import Role
from tests.collect.recorded import cluster
from tests.conftest import ROOT

MACHINES = {"k8s-ctr": "node", "k8s-w1": "node", "k8s-w0": "node", "router": "router", "laptop": "client"}


def road(case: str, url: str, name: str = "", **more) -> Road:
    return road_of(read_url(url, name), cluster(case, **more), MACHINES)


def test_an_ingress_request_crosses_client_router_leader_and_the_backends_nodes():
    found = road("s10-l7-routing", f"http://{VIP_SHARED}/prefix", "paths.lab.test")
    backends = {pod.node for pod in WEBPODS if pod.ip in found.destination.backends}
    assert {stop.node for stop in found.stops} == {"laptop", "router", LEADER} | backends
    leader = found.stop(LEADER)
    assert leader is not None and [role for role, _ in leader.roles] == list(ON_THE_WAY)
    assert leader.why.startswith(f"it announces {VIP_SHARED} (the address is on it)")
    for name in ("laptop", "router"):
        stop = found.stop(name)
        assert stop is not None and [role for role, _ in stop.roles] == [Role.NIC] and stop.pods == ()


def test_every_backend_of_a_service_is_captured_at_its_own_device():
    found = road("s3-service-distribution", "http://10.96.73.11/")
    pods = {(stop.node, name) for stop in found.stops for name, _ in stop.pods}
    assert pods == {(pod.node, f"{pod.namespace}/{pod.name}") for pod in WEBPODS}
    assert any("is a ClusterIP: its clients are in the cluster" in note for note in found.notes)


def test_where_the_backends_are_not_known_everything_is_taken_and_nothing_filtered():
    found = road("s8-ingress-dedicated-snat", f"http://{VIP_SHARED}/")
    assert found.filter == "" and found.filter_why.startswith("no filter: the backends are not all known")
    for node in NODES:
        stop = found.stop(node.name)
        assert stop is not None and Role.PODS in {role for role, _ in stop.roles}


def test_a_machine_on_the_road_that_cannot_be_reached_is_said():
    found = road_of(read_url(f"http://{webpod_on('k8s-w0').ip}/"), cluster("s2-vxlan-overlay"), {"k8s-w1": "node"})
    assert found.stops == () and any("k8s-w0 is on the road" in note and "no way to it" in note for note in found.notes)


VIP = Service(namespace="shop", name="web", vips=("192.168.10.211",), ports=((80, 80),), backends=("172.20.1.1",))
CARD = Link(index=2, name="eth1", mac="0a:00:00:00:00:01")
BARE = Cluster(
    nodes=(
        Node(name="n1", internal_ip="192.168.10.1", in_cluster=True, links=(CARD,)),
        Node(name="n2", internal_ip="192.168.10.2", in_cluster=True, pod_cidrs=("172.20.1.0/24",)),
    ),
    services=(VIP,),
)  # fmt: skip


def who(lab: Cluster) -> dict[str, str]:
    found = road_of(read_url("http://192.168.10.211/"), lab, {"n1": "node", "n2": "node"})
    return announcers_of(lab, found.destination, "192.168.10.211")


def test_the_leader_is_known_by_lease_by_its_own_address_or_by_its_neighbours_else_all_may_be():
    assert who(replace(BARE, leases=(("shop-web", "n2"), ("shop-other", "n1")))) == {
        "n2": "it holds the lease of shop/web"
    }
    router = Node(name="router", neighbours=(Neighbour(address="192.168.10.211", mac="0a:00:00:00:00:01", dev="eth1"),))
    assert who(replace(BARE, nodes=(*BARE.nodes, router))) == {"n1": "router knows its MAC address for it"}
    assert who(BARE) == {}
    found = road_of(read_url("http://192.168.10.211/"), BARE, {"n1": "node", "n2": "node"})
    assert [stop.node for stop in found.stops] == ["n1", "n2"]
    assert "which node answers for 192.168.10.211 is not known: every node is taken" in found.notes


def test_node_ports_are_let_by():
    lab = replace(BARE, services=(replace(VIP, node_ports=((31080, 80),)),))
    found = road_of(read_url("http://192.168.10.211/"), lab, {"n1": "node", "n2": "node"})
    assert "tcp port 31080" in found.filter and "node ports" in found.filter_why


def test_too_many_addresses_for_a_bpf_program_mean_no_filter():
    many = replace(VIP, backends=tuple(f"172.20.1.{last}" for last in range(1, 110)))
    found = road_of(read_url("http://192.168.10.211/"), replace(BARE, services=(many,)), {"n1": "node", "n2": "node"})
    assert found.filter == "" and "110 addresses" in found.filter_why


def test_an_address_with_a_zone_never_gets_into_a_filter():
    zoned = replace(VIP, backends=("fe80::1%eth0) or (tcp",))
    found = road_of(read_url("http://192.168.10.211/"), replace(BARE, services=(zoned,)), {"n1": "node", "n2": "node"})
    assert found.filter == "" and "zone" in found.filter_why


def frames(case: str, point: str, wanted: str, filter: str = "") -> int:
    """Count the frames tshark finds in a recorded file, all of it or what tcpdump's filter lets by."""
    path = ROOT / "captures/reference" / case / f"{point.replace('/', '__')}.pcap"
    data = path.read_bytes() if path.exists() else subprocess.run(
        ["zstdcat", f"{path}.zst"], capture_output=True, check=True
    ).stdout  # fmt: skip
    if filter:
        argv = ["tcpdump", "-n", "-r", "-", "-w", "-", "--", filter]
        data = subprocess.run(argv, input=data, capture_output=True, check=True).stdout
    argv = ["tshark", "-n", "-r", "-", "-d", "udp.port==8472,vxlan", "-Y", wanted, "-T", "fields", "-e", "frame.number"]
    return len(subprocess.run(argv, input=data, capture_output=True, check=True).stdout.splitlines())


@pytest.mark.skipif(not all(map(shutil.which, ("tshark", "tcpdump", "zstdcat"))), reason="needs tshark and tcpdump")
@pytest.mark.parametrize(
    ("case", "point"),
    [
        ("s2-vxlan-overlay", "k8s-w0/eth1"), ("s2-vxlan-overlay", "k8s-w0/cilium_vxlan"), ("dual", "k8s-w0/cilium_wg0"),
        ("dual", "router/eth2"), ("geneve-dsr", "k8s-w0/eth1"), ("ipv6b-underlay", "k8s-w0/eth1"),
        ("ipv6-overlay", "k8s-w0/cilium_vxlan"), ("s13-wireguard-only", "k8s-w0/eth1"),
    ],
)  # fmt: skip
def test_the_filter_lets_every_packet_of_the_backend_by_in_whatever_form(case, point):
    lab = cluster(case)
    six = case.startswith("ipv6")
    ip = next(
        pod.ip for pod in lab.pods if pod.node == "k8s-w0" and pod.name.startswith("webpod") and (":" in pod.ip) == six
    )
    found = road_of(read_url(f"http://{endpoint(ip, 80)}/"), lab, MACHINES)
    # What is encrypted cannot be told apart: all of it has to pass.
    wanted = f"{'ipv6' if six else 'ip'}.addr == {ip} or wg"
    everything = frames(case, point, wanted)
    assert everything > 0 and frames(case, point, wanted, found.filter) == everything
