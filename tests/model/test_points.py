"""Points: how they are written, what file names tell of them, and what interfaces are for."""

from __future__ import annotations

import pytest

from captools.model.points import Point, Role, parse_point, point_of_file, role_of


def test_a_point_is_written_node_slash_interface_and_read_back():
    assert str(Point("k8s-w1", "eth1.100")) == "k8s-w1/eth1.100"
    assert parse_point("k8s-w1/eth1.100") == Point("k8s-w1", "eth1.100")


@pytest.mark.parametrize("text", ["", "eth1", "k8s-w1/", "/eth1"])
def test_half_a_point_is_refused_with_an_example_of_a_whole_one(text: str):
    with pytest.raises(ValueError, match="NODE/INTERFACE, for example k8s-w1/eth1"):
        parse_point(text)


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("k8s-w1__eth1.pcap", "k8s-w1/eth1"),
        ("k8s-w1__eth1.pcap.zst", "k8s-w1/eth1"),
        ("k8s-w1__eth1.100.pcap", "k8s-w1/eth1.100"),
        ("k8s-w1__eth1.100", "k8s-w1/eth1.100"),
        ("k8s-w1__eth1.100.pcapng.gz", "k8s-w1/eth1.100"),
        ("k8s-w1__eth1.2pcap", "k8s-w1/eth1"),
        ("node.example.org__lxc_health.pcap", "node.example.org/lxc_health"),
        ("a__b__c.pcap", "a/b__c"),
        ("router__any.pcap", "router/any"),
    ],
)
def test_a_file_name_tells_its_point(name: str, point: str):
    assert str(point_of_file(name)) == point


@pytest.mark.parametrize("name", ["capture.pcap", "k8s-w1_eth1.pcap", "__eth1.pcap", "k8s-w1__.pcap", ""])
def test_a_file_name_of_another_form_tells_none(name: str):
    assert point_of_file(name) is None


@pytest.mark.parametrize(
    ("interface", "kind", "role"),
    [
        ("any", "", Role.ANY),
        ("eth1", "", Role.NIC),
        ("eth1", "veth", Role.NIC),
        ("enp1s0f0", "", Role.NIC),
        ("bond0", "bond", Role.NIC),
        ("eth1.100", "vlan", Role.NIC),
        ("eth7", "bridge", Role.OTHER),
        ("cilium_vxlan", "", Role.TUNNEL),
        ("flannel.1", "vxlan", Role.TUNNEL),
        ("cilium_wg0", "", Role.WIREGUARD),
        ("vpn", "wireguard", Role.WIREGUARD),
        ("wgarden", "", Role.OTHER),
        ("cilium_host", "", Role.HOST),
        ("cilium_net", "veth", Role.HOST),
        ("lxc4be40faccd59", "veth", Role.PODS),
        ("whatever", "netkit", Role.PODS),
        ("lo", "", Role.OTHER),
    ],
)
def test_the_role_follows_from_name_and_link_kind(interface: str, kind: str, role: Role):
    assert role_of(interface, kind) is role
