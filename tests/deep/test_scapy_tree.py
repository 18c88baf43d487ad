from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.deep.scapy_tree import tree_by_scapy
from captools.model.errors import UsageError
from captures import build


def names(tree) -> list[str]:
    return [layer.name for layer in tree.children]


def test_a_vxlan_frame_shows_both_headers_with_their_place_and_value(frames) -> None:
    linktype, data = frames["vxlan 8472"]
    tree = tree_by_scapy(data, linktype, frame=9)
    assert names(tree) == ["eth", "ip", "udp", "vxlan", "eth", "ip", "tcp"]
    assert (tree.label, tree.length) == ("Frame 9", len(data))
    (vni,) = tree.find("vxlan.vni")
    assert (vni.value, data[vni.offset : vni.offset + 3]) == (45966, (45966).to_bytes(3, "big"))
    assert [node.value for node in tree.find("ip.src")] == ["192.168.10.100", "172.20.0.88"]


def test_another_tunnel_port_is_read_when_asked_for() -> None:
    inner = build.vxlan(build.ethernet(build.arp(op=1, sender="10.0.0.1", target="10.0.0.2"), kind=0x0806), vni=7)
    outer = build.udp(inner, sport=1, dport=18999)
    data = build.ethernet(build.ipv4(outer, src="10.0.0.1", dst="10.0.0.2", proto=17))
    assert names(tree_by_scapy(data, 1))[-1] == "data"
    assert names(tree_by_scapy(data, 1, vxlan_ports=(18999,)))[-2:] == ["eth", "arp"]


def test_a_packet_quoted_in_an_icmp_error_lies_inside_it(frames) -> None:
    linktype, data = frames["icmp error"]
    tree = tree_by_scapy(data, linktype)
    assert names(tree) == ["eth", "ip", "icmp"]
    assert [child.name for child in tree.children[2].children if "." not in child.name] == ["ip", "tcp"]
    assert [node.value for node in tree.find("icmp.mtu")] == [1450]


def test_what_nobody_dissects_is_data_with_its_bytes(frames) -> None:
    linktype, data = frames["ipv6 udp"]
    content = tree_by_scapy(data, linktype).children[-1]
    assert (content.name, content.value) == ("data", b"payload".hex())
    assert data[content.offset :] == b"payload"


def test_an_unknown_link_type_says_what_to_do() -> None:
    with pytest.raises(UsageError, match="link type 147.*tshark"):
        tree_by_scapy(b"x" * 40, 147)


def test_every_cut_of_every_frame_gives_a_tree_and_keeps_the_fields_that_fit(frames) -> None:
    for linktype, data in frames.values():
        whole = {(n.name, n.offset): n.value for n in tree_by_scapy(data, linktype).walk() if n.name.startswith("eth.")}
        for end in range(len(data)):
            tree = tree_by_scapy(data[:end], linktype)
            assert tree.length == end
            for node in tree.walk():
                if node.name.startswith("eth.") and node.offset + node.length <= min(end, 14):
                    assert node.value == whole[(node.name, node.offset)]


@given(st.binary(max_size=120), st.sampled_from([1, 101, 113, 228, 229, 276]))
def test_any_bytes_give_a_tree(data: bytes, linktype: int) -> None:
    for frame in (
        data,
        build.ethernet(data),
        build.ethernet(build.ipv4(data, src="10.0.0.1", dst="10.0.0.2", proto=17)),
    ):
        assert tree_by_scapy(frame, linktype).length == len(frame)
