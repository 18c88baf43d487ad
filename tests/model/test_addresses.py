"""Addresses: 16 bytes inside, text at the edges, and no answer for what is no address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.model.addresses import contains, endpoint, mac_text, network, to_bytes, to_text


@given(st.ip_addresses())
def test_every_address_survives_the_way_to_bytes_and_back(address: IPv4Address | IPv6Address):
    packed = to_bytes(str(address))
    assert len(packed) == 16
    # An IPv4-mapped IPv6 address is the IPv4 address (RFC 4291, section 2.5.5.2).
    mapped = getattr(address, "ipv4_mapped", None)
    assert ip_address(to_text(packed)) == (mapped or address)


def test_an_ipv4_address_is_mapped_into_ipv6():
    assert to_bytes("10.0.2.15") == bytes(10) + b"\xff\xff\x0a\x00\x02\x0f"


def test_no_address_is_the_empty_text():
    assert (to_text(None), mac_text(None)) == ("", "")


@pytest.mark.parametrize("text", ["", "10.0.2", "10.0.2.256", "k8s-w1", "fe80::1::2", "10.0.2.15/24"])
def test_what_is_no_address_is_refused(text: str):
    with pytest.raises(ValueError):
        to_bytes(text)


def test_a_mac_is_written_with_colons():
    assert mac_text(bytes([0, 0x50, 0x56, 0xAB, 0xCD, 0xEF])) == "00:50:56:ab:cd:ef"


def test_a_bare_address_is_a_network_of_its_own_and_host_bits_are_dropped():
    assert str(network("172.20.2.33")) == "172.20.2.33/32"
    assert str(network("172.20.2.33/24")) == "172.20.2.0/24"
    assert str(network("fd00::1")) == "fd00::1/128"


@pytest.mark.parametrize(
    ("prefix", "address", "inside"),
    [
        ("172.20.2.0/24", "172.20.2.255", True),
        ("172.20.2.0/24", "172.20.3.0", False),
        ("fd00::/64", "fd00::1", True),
        ("0.0.0.0/0", "fd00::1", False),
        ("::/0", "10.0.0.1", False),
        ("172.20.2.0/33", "172.20.2.1", False),
        ("default", "172.20.2.1", False),
        ("172.20.2.0/24", "webpod", False),
    ],
)
def test_an_address_lies_in_a_prefix_of_its_own_family_only(prefix: str, address: str, inside: bool):
    assert contains(prefix, address) is inside


@pytest.mark.parametrize(
    ("address", "port", "text"),
    [("10.0.0.1", 80, "10.0.0.1:80"), ("fd00::1", 80, "[fd00::1]:80"), ("fd00::1", None, "[fd00::1]"), ("a", 0, "a:0")],
)
def test_an_endpoint_is_written_as_people_write_it(address: str, port: int | None, text: str):
    assert endpoint(address, port) == text
