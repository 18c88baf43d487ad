from __future__ import annotations

from scapy.layers.inet import TCP
from scapy.layers.l2 import Dot1Q

from captools.deep.fields import KINDS
from captools.deep.scapy_fields import PROTOCOLS, tcp, vlan
from captures import build


def test_every_named_part_of_every_frame_is_a_compared_field(frames) -> None:
    from captools.deep.scapy_tree import tree_by_scapy

    seen = {
        node.name for linktype, data in frames.values() for layer in tree_by_scapy(data, linktype).children
        for node in layer.walk() if "." in node.name
    }  # fmt: skip
    assert seen - set(KINDS) == set()
    assert len(seen) > 80


def test_a_vlan_tag_before_a_length_names_no_type() -> None:
    names = {part.name for part in vlan(Dot1Q(b"\x00\x64\x01\x00"))}
    assert "vlan.len" in names
    assert "vlan.etype" not in names


def test_options_that_run_over_the_header_end_the_walk() -> None:
    segment = TCP(build.tcp(sport=1, dport=2, options=b"\x01\x02\xff\x05"))
    assert [part.name for part in tcp(segment) if "options" in part.name] == []


def test_a_segment_quoted_in_eight_bytes_has_ports_and_sequence_alone() -> None:
    from scapy.layers.inet import TCPerror

    quoted = TCPerror(build.tcp(sport=51000, dport=80, seq=7)[:8])
    assert [(part.name, part.value) for part in tcp(quoted)] == [
        ("tcp.srcport", 51000), ("tcp.dstport", 80), ("tcp.seq_raw", 7),
    ]  # fmt: skip


def test_protocols_have_wiresharks_names() -> None:
    assert {name for name, _ in PROTOCOLS.values()} == {
        "eth", "vlan", "sll", "arp", "ip", "ipv6", "udp", "tcp", "icmp", "vxlan", "wg",
    }  # fmt: skip
