"""A quote is followed to the innermost packet of which enough is there."""

from __future__ import annotations

import pytest

from captools.model.packets import EtherType
from captools.wire.quoted import quoted
from captures import build
from tests.wire.layers import ERRORS, INNER4, INNER6, OURS_ALONE, POD4, POD6, SEGMENT, V4

pytestmark = pytest.mark.usefixtures("no_io")
POD = ("10.0.0.1", 6, 1234, 99)
POD_6 = ("fd00::1", 6, 1234, 99)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("too-big", POD_6), ("too-big-extension", POD_6), ("too-big-fragment", POD_6), ("quoted-ah", POD),
        ("quoted-ipip", POD), ("quoted-sit", POD_6), ("quoted-gre", POD), ("quoted-vxlan", POD), ("quoted-geneve", POD),
        ("extensions", POD),
    ],
)  # fmt: skip
def test_an_error_names_the_innermost_packet_it_quotes(row_of, name, wanted):
    row = row_of({**ERRORS, **OURS_ALONE}[name])
    assert (row["quoted_src"], row["quoted_proto"], row["quoted_sport"], row["quoted_seq"]) == wanted
    assert row["tunnel"] == "none"


def read(packet: bytes, kind: int = EtherType.IPV4, end: int | None = None):
    data = packet if end is None else packet[:end]
    return quoted(memoryview(data + bytes(16)), 0, len(data), kind, (8472,))


def test_a_tunnel_quoted_too_briefly_is_named_itself():
    outer = build.ipv4(build.udp(build.vxlan(build.ethernet(INNER4), vni=7), sport=9, dport=8472), **V4, proto=17)
    inner_ip = 20 + 8 + 8 + 14
    for end in range(20, len(outer) + 1):
        found = read(outer, end=end)
        inside = end >= inner_ip + 20
        assert (found.proto, found.src[-1]) == ((6, 1) if inside else (17, 1))
        assert found.dport == (80 if end >= inner_ip + 24 else None if inside or end < 24 else 8472)
        assert found.seq == (99 if end >= inner_ip + 28 else None)


def test_a_header_that_is_no_header_quotes_nothing():
    assert read(b"\x60" + INNER4[1:]) is None
    assert read(b"\x44" + INNER4[1:]) is None
    assert read(INNER6, EtherType.IPV6, end=39) is None
    assert read(INNER4, end=19) is None


def test_a_later_fragment_names_no_ports():
    packet = build.ipv4(SEGMENT, **POD4, proto=6, fragment=185, flags=0)
    assert (read(packet).proto, read(packet).sport) == (6, None)
    later = build.ipv6(b"\x06\0\5\x58\0\0\0\5" + SEGMENT, **POD6, proto=44)
    assert (read(later, EtherType.IPV6).proto, read(later, EtherType.IPV6).sport) == (6, None)


def test_tunnels_in_tunnels_are_followed_as_deep_as_anyone_quotes():
    packet = INNER4
    for depth in range(2, 7):
        packet = build.ipv4(packet, src=f"192.0.2.{depth}", dst="192.0.2.99", proto=4)
        found = read(packet)
        assert (found.proto == 6) is (depth <= 4)


def test_extensions_behind_a_measured_quote_are_not_read_as_ports(row_of):
    # The quote is one IPv4 header; what follows its 20 bytes are extensions (RFC 4884, section 5).
    body = build.icmp_error(INNER4[:20] + b"\x20\0\0\0\0\x10\1\1" + b"e" * 12, kind=3, code=1, length=5)
    row = row_of(build.ethernet(build.ipv4(body, **V4, proto=1)))
    assert (row["quoted_src"], row["quoted_sport"]) == ("10.0.0.1", None)
