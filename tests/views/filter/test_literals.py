"""Values as people write them."""

from __future__ import annotations

import pytest

from captools.model.addresses import to_bytes
from captools.views.filter.fields import FIELDS
from captools.views.filter.kinds import Kind
from captools.views.filter.literals import Net, number, octets, value_of


def read(name: str, text: str, quoted: bool = False) -> object:
    return value_of(text, quoted, FIELDS[name].kind, FIELDS[name])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("tcp.port", "80", 80), ("tcp.port", "0x50", 80), ("tcp.port", "0b1010000", 80), ("tcp.port", "0120", 80),
        ("tcp.port", "+80", 80), ("tcp.port", "0", 0), ("ip.proto", "TCP", 6), ("eth.type", "ARP", 0x0806),
        ("arp.opcode", "reply", 2), ("tcp.flags.syn", "True", True), ("tcp.flags.syn", "Not set", False),
        ("tcp.flags.syn", "2", True), ("ip.src", "10.0.0.1", to_bytes("10.0.0.1")),
        ("ipv6.src", "fe80::1", to_bytes("fe80::1")), ("captools.src", "fe80::1", to_bytes("fe80::1")),
        ("eth.src", "08-00-27-00-00-01", b"\x08\x00\x27\x00\x00\x01"),
        ("eth.src", "0800.2700.0001", b"\x08\x00\x27\x00\x00\x01"), ("frame.time_delta", "0.25", 250_000_000),
        ("frame.time_epoch", "1700000000.000000001", 1_700_000_000_000_000_001), ("frame.time_relative", "-1", -(10**9)),
        ("frame.time", "2023-11-14T22:13:20Z", 1_700_000_000_000_000_000),
        ("frame.time", "2023-11-14 23:13:20+01:00", 1_700_000_000_000_000_000), ("http.host", "web", "web"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_its_fields_kind(name, text, value):
    assert read(name, text) == value


def test_a_letter_in_single_quotes_is_its_number():
    field = FIELDS["tcp.port"]
    assert value_of("P", True, field.kind, field, letter=True) == 80
    assert value_of("8", True, field.kind, field, letter=True) == ord("8")


def test_a_part_of_a_field_may_be_compared_with_text():
    assert value_of("GE", True, Kind.BYTES, FIELDS["eth.src"]) == b"GE"


@pytest.mark.parametrize(
    ("name", "text", "low", "high"),
    [("ip.addr", "172.20.0.88/16", "172.20.0.0", "172.20.255.255"), ("ipv6.addr", "fd00::/8", "fd00::",
     "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ("captools.src", "0.0.0.0/0", "0.0.0.0", "255.255.255.255")],
)  # fmt: skip
def test_a_prefix_is_from_its_first_address_to_its_last(name, text, low, high):
    assert read(name, text) == Net(low=to_bytes(low), high=to_bytes(high))


@pytest.mark.parametrize(
    ("name", "text"),
    [("tcp.port", "http"), ("tcp.port", "65536"), ("tcp.port", "-1"), ("tcp.port", "1_0"), ("tcp.port", "08"),
     ("tcp.port", ""), ("tcp.port", "٣"), ("tcp.port", "9" * 5_000), ("tcp.flags.syn", "maybe"), ("ip.src", "1.2.3"),
     ("ip.src", "1.2.3.4/33"), ("ip.src", "1.2.3.4/255.0.0.0"), ("ip.src", "fe80::1"), ("ip.src", "fd00::/8"),
     ("ipv6.src", "1.2.3.4"), ("ipv6.src", "1.2.3.0/24"), ("ipv6.src", "fe80::1%eth0"), ("ip.src", "localhost"),
     ("eth.src", "08:00"), ("eth.src", "zz"), ("frame.time_delta", "1e9"), ("frame.time_delta", "x"),
     ("frame.time", "2023-11-14"), ("frame.time", "2023-11-14T22:13:20")],
)  # fmt: skip
def test_what_does_not_fit_is_a_reason(name, text):
    with pytest.raises(ValueError, match=r"^(is|does not fit|has)"):
        read(name, text)


@pytest.mark.parametrize(("text", "value"), [("8", b"\x08"), ("0a", b"\x0a"), ("0x0a", b"\x0a"), ("08:0:27", b"\x08\x00\x27"),
                                             ("0800.27", b"\x08\x00\x27"), ("080027", b"\x08\x00\x27")])  # fmt: skip
def test_bytes_are_hexadecimal_with_or_without_marks_between(text, value):
    assert octets(text) == value and value_of(text, False, Kind.BYTES, FIELDS["eth.src"]) == value


def test_numbers_may_be_beyond_any_field():
    assert number("0x" + "f" * 16) == 2**64 - 1
