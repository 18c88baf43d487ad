"""Points: how they are written, what file names tell of them, and what interfaces are for."""

from __future__ import annotations

import pytest

from captools.model.points import FileName, Point, Role, file_name, parse_point, point_of_file, role_of


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
        # Files of rotated captures: tcpdump -C and -W, -G, dumpcap -b
        ("k8s-w1__eth1.pcap1", "k8s-w1/eth1"),
        ("k8s-w1__eth1.pcap02.gz", "k8s-w1/eth1"),
        ("k8s-w1__eth1.100.pcap7", "k8s-w1/eth1.100"),
        ("k8s-w1__eth1_00001_20261120120000.pcapng", "k8s-w1/eth1"),
        ("k8s-w1__eth1_20261120120000_00001.pcapng.zst", "k8s-w1/eth1"),
        ("k8s-w1__eth1-20261120-120000.pcap", "k8s-w1/eth1"),
        ("k8s-w1__eth1-2026-11-20T12:00:00Z.pcap", "k8s-w1/eth1"),
        ("k8s-w1__eth1.2026-11-20_12.00.00.pcap3", "k8s-w1/eth1"),
        ("k8s-w1__eth1.20261120120000.pcap", "k8s-w1/eth1"),
        ("k8s-w1__eth1-1795176000.pcap", "k8s-w1/eth1"),
        ("k8s-w1__eth1_12:00:00.pcap", "k8s-w1/eth1"),
        ("node-20261120__eth1.pcap", "node-20261120/eth1"),
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


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("eth1.pcap", ("eth1", ".pcap", False)),
        ("eth1.pcap.gz", ("eth1", ".pcap", False)),
        ("eth1.PCAP12", ("eth1", ".pcap", True)),
        ("trace_00012_20261120120000.pcapng.zst", ("trace", ".pcapng", True)),
        ("trace-20261120.cap", ("trace", ".cap", True)),
        ("20261120120000.pcap", ("20261120120000", ".pcap", False)),
        ("test100.pcapng", ("test100", ".pcapng", False)),
        ("capture_1.pcap", ("capture_1", ".pcap", False)),
        ("pod-10.0.12.20.pcap", ("pod-10.0.12.20", ".pcap", False)),
        ("v2026.10.pcap", ("v2026.10", ".pcap", False)),
        ("notes-20261120.txt", ("notes-20261120.txt", "", False)),
        ("", ("", "", False)),
    ],
)
def test_a_name_says_whether_it_is_one_of_several(name: str, parts: tuple[str, str, bool]):
    assert file_name(name) == FileName(*parts)
