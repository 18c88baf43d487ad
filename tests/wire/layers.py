"""One frame for each way headers can stand in one another: read by the reference, the kernels and tshark alike."""

from __future__ import annotations

from captures import build

V4 = {"src": "192.0.2.1", "dst": "192.0.2.2"}
V6 = {"src": "2001:db8::a", "dst": "2001:db8::b"}
POD4 = {"src": "10.0.0.1", "dst": "10.0.0.2"}
POD6 = {"src": "fd00::1", "dst": "fd00::2"}
SEGMENT = build.tcp(b"data", sport=1234, dport=80, seq=99, options=build.timestamps(5, 6))
INNER4 = build.ipv4(SEGMENT, **POD4, proto=6)
INNER6 = build.ipv6(SEGMENT, **POD6, proto=6)
# tshark takes a pseudowire's Ethernet for one by the vendors of its two addresses.
WIRE = build.ethernet(INNER4, src="00:11:22:33:44:56", dst="00:11:22:33:44:55")
FRAMED = build.ethernet(INNER4, src="02:00:00:00:00:03", dst="02:00:00:00:00:04")
DSR_4 = b"\x01\x4b\x81\x02" + bytes((10, 0, 0, 9, 0x1F, 0x90, 0, 0))
DSR_6 = b"\x01\x4b\x81\x05" + bytes(range(20))
ODD_MESSAGE = build.wireguard_data(receiver=1, counter=8, sealed=1421)


def over4(body: bytes, proto: int, **options: object) -> bytes:
    """Ethernet and IPv4 around ``body``."""
    return build.ethernet(build.ipv4(body, **V4, proto=proto, **options))  # type: ignore[arg-type]


def over6(body: bytes, proto: int, payload: int | None = None) -> bytes:
    """Ethernet and IPv6 around ``body``."""
    return build.ethernet(build.ipv6(body, **V6, proto=proto, payload=payload), kind=0x86DD)


def over_udp(body: bytes, dport: int, sport: int = 40_000) -> bytes:
    """Ethernet, IPv4 and UDP around ``body``."""
    return over4(build.udp(body, sport=sport, dport=dport), 17)


def over_mpls(body: bytes, *labels: int, kind: int = 0x8847) -> bytes:
    """Ethernet and a label stack around ``body``."""
    return build.ethernet(build.mpls(body, *labels), kind=kind)


LABELS = {
    "mpls-ipv4": over_mpls(INNER4, 100, 200),
    "mpls-ipv6": over_mpls(INNER6, 100, kind=0x8848),
    "mpls-explicit-null": over_mpls(INNER4, 0),
    "mpls-wire": over_mpls(WIRE, 100),
    "mpls-channel": over_mpls(b"\x10\0\0\x07" + bytes(20), 100),
    "mpls-unknown": over_mpls(b"\x99" * 40, 100),
    "mpls-without-bottom": build.ethernet(build.mpls(b"", 1, 2, 3)[:8], kind=0x8847),
    "gre-mpls": over4(build.gre(build.mpls(INNER4, 77), kind=0x8847), 47),
    "vlan-mpls": build.ethernet(build.mpls(INNER4, 5), kind=0x8847, vlans=(9,)),
    "vxlan-in-mpls": over_mpls(
        build.ipv4(build.udp(build.vxlan(FRAMED, vni=7), sport=1, dport=4789), **V4, proto=17), 6
    ),
}

TAGS = {
    "vlan": build.ethernet(INNER4, vlans=(30,)),
    "vlan-802.1ad": build.ethernet(b"\0\x64\x08\0" + INNER4, kind=0x8100, vlans=(30,), tag=0x88A8),
    "vlan-9100": build.ethernet(INNER4, vlans=(30,), tag=0x9100),
    "vlan-three": build.ethernet(INNER4, vlans=(8, 10, 20)),
    "vlan-priority": build.ethernet(INNER4, vlans=(0xE000 | 30,)),
}  # fmt: skip

TUNNELS = {
    "vxlan": over_udp(build.vxlan(FRAMED, vni=7), 8472),
    "vxlan-vlan": over_udp(build.vxlan(build.ethernet(INNER4, vlans=(9,)), vni=7), 4789),
    "vxlan-group": over_udp(build.vxlan(FRAMED, vni=7, flags=0x88, group=4660), 4789),
    "gpe-ipv4": over_udp(build.vxlan_gpe(INNER4, vni=7, following=1), 4790),
    "gpe-ipv6": over_udp(build.vxlan_gpe(INNER6, vni=7, following=2), 4790),
    "gpe-ethernet": over_udp(build.vxlan_gpe(FRAMED, vni=7, following=3), 4790),
    "gpe-nsh": over_udp(build.vxlan_gpe(build.nsh(INNER4, following=1, context=bytes(8)), vni=7, following=4), 4790),
    "gpe-nsh-ethernet": over_udp(build.vxlan_gpe(build.nsh(FRAMED, following=3), vni=7, following=4), 4790),
    "gpe-mpls": over_udp(build.vxlan_gpe(build.mpls(INNER4, 5), vni=7, following=5), 4790),
    "geneve": over_udp(build.geneve(FRAMED, vni=7), 6081),
    "geneve-dsr-4": over_udp(build.geneve(FRAMED, vni=7, options=DSR_4), 6081),
    "geneve-dsr-6": over_udp(build.geneve(INNER6, vni=7, kind=0x86DD, options=b"\1\2\3\1abcd" + DSR_6), 6081),
    "gre": over4(build.gre(INNER4), 47),
    "gre-all": over4(build.gre(INNER6, kind=0x86DD, key=55, seq=66, summed=True), 47),
    "gre-ethernet": over6(build.gre(FRAMED, kind=0x6558, key=5), 47),
    "gre-arp": over4(build.gre(build.arp(op=1, sender="1.2.3.4", target="1.2.3.5"), kind=0x0806), 47),
    "erspan-1": over4(build.erspan(FRAMED, version=0), 47),
    "erspan-2": over4(build.erspan(FRAMED, version=1), 47),
    "erspan-3": over4(build.erspan(FRAMED, version=2), 47),
    "erspan-3-optional": over4(build.erspan(FRAMED, version=2, optional=True), 47),
    "ipip": over4(INNER4, 4),
    "sit": over4(INNER6, 41),
    "ip6ip6": over6(INNER6, 41),
    "ip4ip6": over6(INNER4, 4),
    "ipip-in-gre-in-vxlan": over_udp(
        build.vxlan(over4(build.gre(build.ipv4(INNER4, **V4, proto=4), key=5), 47), vni=1), 8472),
}  # fmt: skip

IPSEC = {
    "ah": over4(build.authenticated(SEGMENT, following=6, spi=0x1234, seq=77), 51),
    "ah-6": over6(build.authenticated(SEGMENT, following=6, spi=0x1234, seq=77, icv=bytes(16)), 51),
    "ah-hop-by-hop": over6(
        build.extension(build.authenticated(SEGMENT, following=6, spi=1, seq=2), following=51, body=b"\1\4\0\0\0\0"), 0),
    "ah-tunnel": over4(build.authenticated(INNER4, following=4, spi=0x1234, seq=77), 51),
    "esp": over4(build.esp(b"\xaa" * 40, spi=0xC0FFEE01, seq=5), 50),
    "esp-6": over6(build.esp(b"\xaa" * 40, spi=0xC0FFEE01, seq=5), 50),
    "esp-udp": over_udp(build.esp(b"\xaa" * 40, spi=0xC0FFEE01, seq=5), 4500, 4500),
    "esp-udp-answer": over_udp(build.esp(b"\xaa" * 40, spi=0xC0FFEE01, seq=5), 61_000, 4500),
    "esp-in-vxlan": over_udp(
        build.vxlan(over4(build.esp(b"\xaa" * 40, spi=0xC0FFEE01, seq=5), 50), vni=3), 8472),
    "nat-keepalive": over_udp(b"\xff", 4500, 4500),
    "ike-udp": over_udp(bytes(4) + b"i" * 28, 4500, 4500),
}  # fmt: skip

NEIGHBOURS = {
    "solicitation": over6(
        build.neighbour(kind=135, target="fd00::77", options=build.link_option(1, "02:00:00:00:00:05")), 58),
    "advertisement": over6(
        build.neighbour(kind=136, target="fd00::77", options=build.link_option(2, "02:00:00:00:00:06")), 58),
    "bare-solicitation": over6(build.neighbour(kind=135, target="fd00::77"), 58),
    "nonce-first": over6(build.neighbour(
        kind=135, target="fd00::77", options=b"\x0e\1\1\2\3\4\5\6" + build.link_option(1, "02:00:00:00:00:07")), 58),
    "router-solicitation": over6(build.neighbour(kind=133, options=build.link_option(1, "02:00:00:00:00:08")), 58),
    "router-advertisement": over6(build.neighbour(
        kind=134, rest=8, options=b"\5\1\0\0\0\0\5\xdc" + build.link_option(1, "02:00:00:00:00:09")), 58),
    "redirect": over6(build.neighbour(
        kind=137, target="fd00::78", rest=16, options=build.link_option(2, "02:00:00:00:00:0a")), 58),
}  # fmt: skip

ERRORS = {
    "too-big": over6(build.icmpv6_error(INNER6, mtu=1280), 58),
    "too-big-extension": over6(build.icmpv6_error(
        build.ipv6(build.extension(SEGMENT, following=6, body=b"\1\4\0\0\0\0"), **POD6, proto=0), mtu=1280), 58),
    "too-big-fragment": over6(build.icmpv6_error(
        build.ipv6(b"\x06\0\0\1\0\0\0\5" + SEGMENT, **POD6, proto=44), mtu=1280), 58),
    "quoted-ipip": over4(build.icmp_error(build.ipv4(INNER4, **V4, proto=4), mtu=1400), 1),
    "quoted-sit": over4(build.icmp_error(build.ipv4(INNER6, **V4, proto=41), mtu=1400), 1),
    "quoted-gre": over4(build.icmp_error(build.ipv4(build.gre(INNER4, key=9), **V4, proto=47), mtu=1400), 1),
    "extensions": over4(build.icmp_error(INNER4.ljust(128, b"\0") + b"\x20\0\0\0\0\x10\1\1" + b"e" * 12, kind=11, code=0,
                                         length=32), 1),
}  # fmt: skip

TRANSPORT = {
    "sctp": over4(build.sctp(b"\0\3\0\x14" + b"d" * 16, sport=5, dport=6), 132),
    "udp-lite": over4(build.udp(b"hello", sport=5, dport=6), 136),
    "jumbo": over6(build.jumbo(build.tcp(b"x" * 70_000, sport=1, dport=2), following=6), 0, payload=0),
    "jumbo-padded": over6(build.jumbo(build.tcp(b"x" * 70_000, sport=1, dport=2), following=6), 0, payload=0)
    + b"P" * 4,
    "super-frame": over4(build.tcp(b"x" * 3_000, sport=1, dport=2), 6, total=0),
    "large-super-frame": over4(build.tcp(b"x" * 70_000, sport=1, dport=2), 6, total=0),
}

WIREGUARD = {
    "wg-initiation": over_udp(build.wireguard_handshake(kind=1, first=7), 51_871),
    "wg-response": over_udp(build.wireguard_handshake(kind=2, first=7, second=8), 51_871),
    "wg-cookie": over_udp(build.wireguard_handshake(kind=3, first=7), 51_871),
    "wg-keepalive": over_udp(build.wireguard_data(receiver=7, counter=1, sealed=16), 51_871),
    "wg-data": over_udp(build.wireguard_data(receiver=7, counter=1 << 40, sealed=96), 9, 10),
    "wg-three": over_udp(b"".join(build.wireguard_data(receiver=7, counter=5 + at, sealed=96 - 32 * (at == 2))
                                  for at in range(3)), 51_871),
    "wg-two-unpadded": over_udp(
        ODD_MESSAGE + build.wireguard_data(receiver=1, counter=9, sealed=40), 51_871),
}  # fmt: skip

# What tshark says otherwise, each with the reason why we stay with ours.
OURS_ALONE = {
    # RFC 4448: tshark asks its list of vendors whether an Ethernet header follows; ours asks the EtherType.
    "mpls-control-word": over_mpls(bytes(4) + WIRE, 100),
    "mpls-control-word-arp": over_mpls(
        b"\0\0\0\x07" + build.ethernet(build.arp(op=1, sender="1.2.3.4", target="1.2.3.5"), kind=0x0806), 100),
    "mpls-wire-unknown-vendor": over_mpls(FRAMED, 100),
    # RFC 7348, section 5: the I flag must be set; what else no extension knows makes it no tunnel for us.
    "vxlan-no-vni": over_udp(build.vxlan(FRAMED, vni=7, flags=0), 4789),
    "vxlan-unknown-flag": over_udp(build.vxlan(FRAMED, vni=7, flags=0x18), 4789),
    "gpe-no-vni": over_udp(build.vxlan_gpe(INNER4, vni=7, following=1, flags=0x04), 4790),
    # draft-ietf-nvo3-vxlan-gpe, 3.1: without the P flag Ethernet follows; tshark reads the number all the same.
    "gpe-no-next": over_udp(build.vxlan_gpe(FRAMED, vni=7, following=0, flags=0x08), 4790),
    # The VNI of a quoted packet is not that of the error's own tunnel; the SPI likewise.
    "quoted-vxlan": over4(build.icmp_error(build.ipv4(
        build.udp(build.vxlan(FRAMED, vni=7), sport=9, dport=8472), **V4, proto=17), mtu=1400), 1),
    "quoted-geneve": over4(build.icmp_error(build.ipv4(
        build.udp(build.geneve(build.ethernet(INNER4, vlans=(5,)), vni=7, options=DSR_4), sport=9, dport=6081), **V4,
        proto=17), mtu=1400), 1),
    "quoted-ah": over4(build.icmp_error(
        build.ipv4(build.authenticated(SEGMENT, following=6, spi=9, seq=9), **POD4, proto=51), mtu=1400), 1),
    # An ESP inside an AH: one pair of columns holds the last of them.
    "ah-esp": over4(build.authenticated(build.esp(b"\xaa" * 40, spi=3_000, seq=5), following=50, spi=1, seq=2), 51),
    # Linux' BIG TCP before it had a jumbogram header: tshark reads no super-frame of IPv6 without its preference.
    "super-frame-6": over6(build.tcp(b"x" * 3_000, sport=1, dport=2), 6, payload=0),
    "nsh-unknown": over_udp(build.vxlan_gpe(build.nsh(b"x" * 40, following=9), vni=7, following=4), 4790),
    "geneve-unknown": over_udp(build.geneve(b"x" * 40, vni=7, kind=0x1234), 6081),
    "gre-unknown": over4(build.gre(b"x" * 40, kind=0x1234), 47),
    "gre-version-1": over4(b"\0\x01\x08\0" + INNER4, 47),
    "mpls-in-mpls": over_mpls(build.ethernet(build.mpls(INNER4, 9), kind=0x8847, vlans=(5,)), 100),
    "wg-dns-port": over_udp(ODD_MESSAGE, 53, 51_871),
}  # fmt: skip

AGREED = {**LABELS, **TAGS, **TUNNELS, **IPSEC, **NEIGHBOURS, **ERRORS, **TRANSPORT, **WIREGUARD}
ALL = {**AGREED, **OURS_ALONE}
