"""Tunnels that are none, ports that are unusual, and the option Cilium's DSR adds to Geneve."""

from __future__ import annotations

import struct

from captures.build import ethernet, geneve, ipv4, udp, vxlan

INNER = ethernet(ipv4(udp(b"", sport=3, dport=4), src="172.20.0.88", dst="172.20.2.33", proto=17))


def carried(payload: bytes, dport: int) -> bytes:
    return ethernet(ipv4(udp(payload, sport=1, dport=dport), src="192.168.10.100", dst="192.168.20.100", proto=17))


def test_a_further_port_is_vxlan_when_the_user_says_so(rows_of):
    from captures.build import pcap

    data = pcap([(1, carried(vxlan(INNER, vni=7), 9999))])
    assert rows_of(data)[0]["tunnel"] == "none"
    assert rows_of(data, vxlan_ports=(9999,))[0]["vni"] == 7


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
