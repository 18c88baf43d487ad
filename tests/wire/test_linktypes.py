"""Link layers: what each says of direction, interface, tags and what comes next."""

from __future__ import annotations

import struct

import pytest

from captures.build import arp, ethernet, ipv4, sll, sll2, udp
from tests.wire.layers import TAGS, TUNNELS

PACKET = ipv4(udp(b"hello", sport=1000, dport=53), src="10.0.0.1", dst="10.0.0.2", proto=17)


@pytest.mark.parametrize(
    ("linktype", "frame"),
    [
        (1, ethernet(PACKET)),
        (1, ethernet(PACKET, vlans=[100, 200])),
        (113, sll(PACKET)),
        (276, sll2(PACKET)),
        (101, PACKET),
        (12, PACKET),
        (228, PACKET),
        (0, struct.pack("<I", 2) + PACKET),
        (108, struct.pack(">I", 2) + PACKET),
    ],
)
def test_every_link_type_leads_to_the_same_packet(row_of, linktype, frame):
    row = row_of(frame, linktype=linktype)
    assert (row["src"], row["dst"], row["dport"], row["payload_len"]) == ("10.0.0.1", "10.0.0.2", 53, 5)
    assert row["ethertype"] == 0x0800 and row["decode_stop"] is None


def test_tags_are_peeled_and_the_first_one_is_told(row_of):
    assert row_of(ethernet(PACKET, vlans=[100, 200]))["vlan"] == 100
    assert row_of(ethernet(PACKET))["vlan"] is None


@pytest.mark.parametrize(
    ("name", "vlan"),
    [("vlan", 30), ("vlan-802.1ad", 30), ("vlan-9100", 30), ("vlan-three", 8), ("vlan-priority", 30)],
)
def test_the_outermost_tag_is_told_whatever_its_kind(row_of, name, vlan):
    row = row_of(TAGS[name])
    assert (row["vlan"], row["ethertype"], row["dport"]) == (vlan, 0x0800, 80)


def test_inside_a_tunnel_the_tag_is_that_of_the_inner_frame(row_of):
    assert row_of(TUNNELS["vxlan-vlan"])["vlan"] == 9
    tagged = ethernet(TUNNELS["vxlan"][14:], vlans=[77])
    assert row_of(tagged)["vlan"] is None


@pytest.mark.parametrize(("number", "word"), [(0, "in"), (1, "broadcast"), (2, "multicast"), (3, "other"), (4, "out")])
def test_cooked_captures_tell_the_direction(row_of, number, word):
    assert row_of(sll(PACKET, packet_type=number), linktype=113)["direction"] == word
    row = row_of(sll2(PACKET, packet_type=number, ifindex=17), linktype=276)
    assert (row["direction"], row["ifindex"], row["eth_src"]) == (word, 17, "02:00:00:00:00:01")


def test_raw_packets_of_no_known_version_keep_their_row(row_of):
    assert row_of(b"\x00" * 20, linktype=101)["decode_stop"] == "malformed"


def test_arp_is_read_from_ethernet_and_cooked_frames(row_of):
    question = arp(op=1, sender="192.168.10.200", target="192.168.10.211")
    for frame, linktype in ((ethernet(question, kind=0x0806), 1), (sll2(question, kind=0x0806), 276)):
        row = row_of(frame, linktype=linktype)
        assert (row["arp_op"], row["arp_sender_ip"], row["arp_target_ip"]) == (1, "192.168.10.200", "192.168.10.211")
        assert row["src"] is None
