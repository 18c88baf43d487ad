"""Tunnels that are none, ports that are unusual, and the option Cilium's DSR adds to Geneve."""

from __future__ import annotations

import struct

import pytest

from captures.build import ethernet, geneve, ipv4, udp, vxlan
from tests.wire.layers import OURS_ALONE, TUNNELS

INNER = ethernet(ipv4(udp(b"", sport=3, dport=4), src="172.20.0.88", dst="172.20.2.33", proto=17))


def carried(payload: bytes, dport: int) -> bytes:
    return ethernet(ipv4(udp(payload, sport=1, dport=dport), src="192.168.10.100", dst="192.168.20.100", proto=17))


def test_a_further_port_is_vxlan_when_the_user_says_so(rows_of):
    from captures.build import pcap

    data = pcap([(1, carried(vxlan(INNER, vni=7), 9999))])
    assert rows_of(data)[0]["tunnel"] == "none"
    assert rows_of(data, vxlan_ports=(9999,))[0]["vni"] == 7


def test_a_port_named_as_vxlans_is_one_even_where_geneve_lives(rows_of):
    """A VXLAN header there is one; a Geneve header (no VXLAN flags) is then no tunnel, rather than read twice."""
    from captures.build import pcap

    data = pcap([(1, carried(vxlan(INNER, vni=7), 6081)), (2, carried(geneve(INNER, vni=9), 6081))])
    told = [(row["tunnel"], row["vni"], row["depth"]) for row in rows_of(data, vxlan_ports=(6081,))]
    assert told == [("vxlan", 7, 1), ("none", None, 0)]
    assert [row["tunnel"] for row in rows_of(data)] == ["geneve", "geneve"]


def test_without_the_valid_bit_it_is_no_vxlan(row_of):
    row = row_of(carried(vxlan(INNER, vni=7, flags=0), 8472))
    assert (row["tunnel"], row["src"], row["vni"]) == ("none", "192.168.10.100", None)


def test_a_tunnel_around_a_broken_packet_is_still_a_tunnel(row_of):
    row = row_of(carried(vxlan(b"\x01\x02\x03", vni=7), 8472))
    assert (row["tunnel"], row["outer_dst"], row["src"], row["decode_stop"]) == (
        "vxlan",
        "192.168.20.100",
        None,
        "malformed",
    )


def test_the_dsr_option_tells_the_address_the_client_called(row_of):
    # FACTS section 4: class 0x014B, type 0x81, IPv4 address, port, padding.
    option = struct.pack("!HBB4sHH", 0x014B, 0x81, 2, bytes([192, 168, 10, 211]), 80, 0)
    row = row_of(carried(geneve(INNER, vni=2, options=option), 6081))
    assert (row["tunnel"], row["vni"], row["dsr_addr"], row["dsr_port"]) == ("geneve", 2, "192.168.10.211", 80)
    assert row["dst"] == "172.20.2.33"


def test_a_geneve_option_that_overruns_its_header_is_ignored(row_of):
    option = struct.pack("!HBB", 0x014B, 0x81, 31)
    row = row_of(carried(geneve(INNER, vni=2, options=option), 6081))
    assert (row["dsr_addr"], row["src"]) == (None, "172.20.0.88")


@pytest.mark.parametrize("flags", [0x00, 0x04, 0x18, 0x28, 0x48, 0xF7])
def test_flags_that_no_vxlan_has_make_no_tunnel(row_of, flags):
    row = row_of(carried(vxlan(INNER, vni=7, flags=flags), 8472))
    assert (row["tunnel"], row["vxlan_flags"], row["dport"]) == ("none", None, 8472)


@pytest.mark.parametrize(
    ("name", "flags", "group"),
    [("vxlan", 0x0800, None), ("vxlan-group", 0x8800, 4660), ("gpe-ipv4", 0x0C, None), ("gpe-no-next", 0x08, None)],
)
def test_flags_and_group_policy_are_told(row_of, name, flags, group):
    row = row_of({**TUNNELS, **OURS_ALONE}[name])
    assert (row["tunnel"], row["vxlan_flags"], row["vxlan_gbp"], row["vni"]) == ("vxlan", flags, group, 7)


def test_ciliums_own_header_has_one_flag(row_of):
    assert row_of(carried(vxlan(INNER, vni=7), 8472))["vxlan_flags"] == 0x0800


@pytest.mark.parametrize("name", [name for name in TUNNELS if name not in ("gre-arp", "ipip-in-gre-in-vxlan")])
def test_every_tunnel_is_opened_once(row_of, name):
    row = row_of(TUNNELS[name])
    assert (row["dport"], row["seq"], row["tsval"], row["depth"], row["decode_stop"]) == (80, 99, 5, 1, None)
    assert row["src"] in ("10.0.0.1", "fd00::1") and row["outer_src"] in ("192.0.2.1", "2001:db8::a")


def test_the_first_of_several_tunnels_is_the_outer_one(row_of):
    row = row_of(TUNNELS["ipip-in-gre-in-vxlan"])
    assert (row["tunnel"], row["vni"], row["depth"], row["src"]) == ("vxlan", 1, 3, "10.0.0.1")


@pytest.mark.parametrize("name", ["geneve-unknown", "gre-unknown"])
def test_a_tunnel_that_carries_the_unknown_says_so(row_of, name):
    row = row_of(OURS_ALONE[name])
    assert (row["depth"], row["src"], row["decode_stop"]) == (1, None, "unknown-ethertype")


def test_gre_of_another_version_is_left_alone(row_of):
    row = row_of(OURS_ALONE["gre-version-1"])
    assert (row["tunnel"], row["proto"], row["src"]) == ("none", 47, "192.0.2.1")


def test_a_mirror_header_of_another_version_is_not_read_as_ethernet(row_of):
    frame = bytearray(TUNNELS["erspan-2"])
    frame[14 + 20 + 8] = 0x20
    assert row_of(bytes(frame))["decode_stop"] == "malformed"
    frame = bytearray(TUNNELS["erspan-3"])
    frame[14 + 20 + 8 + 10] = 0x08  # frame type 2: no Ethernet
    assert row_of(bytes(frame))["decode_stop"] == "unknown-ethertype"
