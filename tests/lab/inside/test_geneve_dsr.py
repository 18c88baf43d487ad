"""The two ends of direct server return: what they build is what scapy and our own dissector read."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, TCP

from captools.lab.inside.geneve_dsr import DSR_CLASS, DSR_TYPE, WORLD, checksum, in_geneve, redirected
from captures.build import ipv4, tcp
from dissectors.cilium_geneve import CiliumGeneve

CLIENT, VIP, POD = "192.168.10.200", "192.168.10.214", "172.20.2.33"


def packet(payload: bytes = b"GET / HTTP/1.1\r\n\r\n") -> bytes:
    return ipv4(tcp(payload, sport=40000, dport=80), src=CLIENT, dst=VIP, proto=6, ttl=64)


def test_a_redirected_packet_has_the_pods_address_one_hop_less_and_true_checksums():
    found = IP(redirected(packet(), POD, 8080))
    assert (found.src, found.dst, found.ttl, found[TCP].dport, found[TCP].sport) == (CLIENT, POD, 63, 8080, 40000)
    assert bytes(found[TCP].payload) == b"GET / HTTP/1.1\r\n\r\n"
    anew = found.copy()
    del anew.chksum, anew[TCP].chksum
    anew = IP(bytes(anew))
    assert (found.chksum, found[TCP].chksum) == (anew.chksum, anew[TCP].chksum)


def test_padding_behind_the_packet_is_left_out():
    assert redirected(packet(b"") + b"\0" * 6, POD, 80) == redirected(packet(b""), POD, 80)


@pytest.mark.parametrize("service", [None, (VIP, 80)])
def test_the_option_tells_the_service_and_the_number_that_the_client_is_outside(service):
    found = CiliumGeneve(in_geneve(packet(), service))
    assert found.vni == WORLD and found[IP].src == CLIENT
    assert [option.dsr for option in found.options] == ([service] if service else [])
    assert [(one.option_class, one.type) for one in found.options] == ([(DSR_CLASS, DSR_TYPE)] if service else [])
    assert found.critical == bool(service)


def test_the_checksum_is_that_of_rfc_1071():
    # The example of RFC 1071, section 3.
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF ^ 0xDDF2
