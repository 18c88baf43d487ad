"""Packets by hand, against bytes from the RFCs and against scapy, which builds them independently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific
from scapy.contrib.mpls import MPLS
from scapy.contrib.nsh import NSH
from scapy.contrib.wireguard import Wireguard
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import ARP, GRE, CookedLinux, CookedLinuxV2, Dot1Q, Ether
from scapy.layers.sctp import SCTP
from scapy.layers.vxlan import VXLAN
from scapy.utils import PcapNgReader, PcapReader

from captures import build

octets = st.integers(0, 255)
words = st.integers(0, 65_535)
v4 = st.ip_addresses(v=4).map(str)
v6 = st.ip_addresses(v=6).map(str)


def test_the_checksum_is_that_of_rfc_1071():
    # RFC 1071, section 3: 0001 f203 f4f5 f6f7 add up to ddf2.
    assert build.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
    assert build.checksum(b"\x01") == build.checksum(b"\x01\x00")


@given(v4, v4, octets, words, st.integers(0, 3), octets, st.binary(max_size=40))
def test_ipv4_with_any_header_is_what_scapy_builds(src, dst, ttl, ident, flags, tos, options):
    options = b"\x01" * len(options)
    made = build.ipv4(
        b"x" * 9, src=src, dst=dst, proto=253, ttl=ttl, ident=ident, flags=flags, tos=tos, options=options
    )
    padded = options + b"\0" * (-len(options) % 4)
    theirs = IP(made)
    assert (theirs.src, theirs.dst, theirs.ttl, theirs.id, int(theirs.flags), theirs.tos, theirs.proto) == (
        src, dst, ttl, ident, flags, tos, 253,
    )  # fmt: skip
    assert theirs.ihl * 4 == 20 + len(padded) and theirs.len == len(made) and bytes(theirs.payload) == b"x" * 9
    sum_ = theirs.chksum
    del theirs.chksum
    assert IP(bytes(theirs)).chksum == sum_


def test_an_ipv4_fragment_counts_in_eight_bytes_and_its_length_can_lie():
    made = IP(build.ipv4(b"", src="1.1.1.1", dst="2.2.2.2", proto=17, flags=1, fragment=185, total=0))
    assert (made.frag, int(made.flags), made.len) == (185, 1, 0)


@given(v6, v6, octets, words, words)
def test_ipv6_with_udp_is_what_scapy_builds(src, dst, hops, sport, dport):
    inner = build.udp(b"abc", sport=sport, dport=dport)
    theirs = IPv6(src=src, dst=dst, hlim=hops, nh=17) / UDP(sport=sport, dport=dport, chksum=0) / b"abc"
    assert build.ipv6(inner, src=src, dst=dst, proto=17, hops=hops) == bytes(theirs)


@given(words, words, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 255), words)
def test_tcp_is_what_scapy_builds(sport, dport, seq, ack, flags, window):
    theirs = TCP(sport=sport, dport=dport, seq=seq, ack=ack, flags=flags, window=window, chksum=0) / b"data"
    made = build.tcp(b"data", sport=sport, dport=dport, seq=seq, ack=ack, flags=flags, window=window)
    assert made == bytes(theirs)


def test_tcp_timestamps_are_read_by_scapy():
    made = TCP(build.tcp(b"", sport=1, dport=2, options=build.timestamps(7, 9)))
    assert ("Timestamp", (7, 9)) in made.options and made.dataofs == 8


@pytest.mark.parametrize("reply", [False, True])
def test_an_echo_is_what_scapy_builds(reply):
    theirs = ICMP(type=0 if reply else 8, id=698, seq=3) / b"payload"
    assert build.icmp_echo(b"payload", ident=698, seq=3, reply=reply) == bytes(theirs)


def test_fragmentation_needed_carries_the_mtu_and_what_it_is_about():
    theirs = ICMP(build.icmp_error(b"quoted header", kind=3, code=4, mtu=1450))
    assert (theirs.type, theirs.code, theirs.nexthopmtu) == (3, 4, 1450)
    assert build.icmp_error(b"quoted header", mtu=1450).endswith(b"quoted header")


def test_arp_is_what_scapy_builds():
    theirs = ARP(op=2, psrc="10.0.0.1", pdst="10.0.0.2", hwsrc="02:00:00:00:00:01", hwdst="02:00:00:00:00:02")
    made = build.arp(op=2, sender="10.0.0.1", target="10.0.0.2", target_mac="02:00:00:00:00:02")
    assert made == bytes(theirs)


def test_ethernet_carries_any_number_of_tags():
    theirs = Ether(build.ethernet(build.arp(op=1, sender="10.0.0.1", target="10.0.0.2"), kind=0x806, vlans=(100, 200)))
    assert (theirs[Dot1Q].vlan, theirs[Dot1Q].payload.vlan, theirs[ARP].op) == (100, 200, 1)
    assert (theirs.src, theirs.dst) == ("02:00:00:00:00:01", "02:00:00:00:00:02")


def test_cooked_headers_are_read_by_scapy():
    inner = build.ipv4(b"", src="10.0.0.1", dst="10.0.0.2", proto=253)
    first, second = CookedLinux(build.sll(inner, packet_type=4)), CookedLinuxV2(build.sll2(inner, ifindex=7))
    assert (first.pkttype, first.proto, first[IP].src) == (4, 0x0800, "10.0.0.1")
    assert (second.ifindex, second.proto, second[IP].dst) == (7, 0x0800, "10.0.0.2")


def test_tunnels_are_read_by_scapy():
    frame = build.ethernet(build.ipv4(b"", src="10.0.0.1", dst="10.0.0.2", proto=253))
    assert (VXLAN(build.vxlan(frame, vni=45966)).vni, VXLAN(build.vxlan(frame, vni=45966))[IP].src) == (
        45966,
        "10.0.0.1",
    )
    gre = GRE(build.gre(frame[14:], key=5))
    assert (gre.key_present, gre.key, gre[IP].dst) == (1, 5, "10.0.0.2")
    assert GRE(build.gre(frame[14:])).key_present == 0
    # RFC 8926, section 3.4: version and option length, flags, protocol type, VNI, reserved.
    assert build.geneve(b"", vni=0x00B38E, options=bytes(4)) == bytes.fromhex("0100655800b38e00") + bytes(4)


def test_labels_and_service_headers_are_read_by_scapy():
    stack = MPLS(build.mpls(b"", 100, 0xFFFFF))
    assert [(one.label, one.s, one.ttl) for one in (stack, stack.payload)] == [(100, 0, 64), (0xFFFFF, 1, 64)]
    service = NSH(build.nsh(b"inside", following=3, context=bytes(8)))
    assert (service.ver, service.mdtype, service.nextproto, service.length) == (0, 2, 3, 4)
    assert bytes(service).endswith(bytes(8) + b"inside")


def test_a_group_and_a_next_protocol_are_read_by_scapy():
    group = VXLAN(build.vxlan(FRAME, vni=7, flags=0x88, group=4660))
    assert (group.vni, group.gpid, group.flags.value) == (7, 4660, 0x88)
    following = VXLAN(build.vxlan_gpe(FRAME[14:], vni=7, following=1))
    assert (following.vni, following.NextProtocol, following[IP].src) == (7, 1, "10.0.0.1")


@pytest.mark.parametrize(("seq", "summed"), [(None, False), (9, False), (9, True)])
def test_gre_with_every_option_is_read_by_scapy(seq, summed):
    gre = GRE(build.gre(FRAME[14:], key=5, seq=seq, summed=summed))
    told = (gre.chksum_present, gre.key_present, gre.seqnum_present, gre.key, gre.sequence_number, gre[IP].dst)
    assert told == (int(summed), 1, int(seq is not None), 5, seq, "10.0.0.2")


@pytest.mark.parametrize(("version", "kind"), [(0, 0x88BE), (1, 0x88BE), (2, 0x22EB)])
def test_mirrored_frames_are_read_by_scapy(version, kind):
    gre = GRE(build.erspan(FRAME, version=version, optional=version == 2))
    assert (gre.proto, gre.seqnum_present, gre[Ether].src) == (kind, int(version > 0), "02:00:00:00:00:01")
    assert isinstance(gre.payload, (ERSPAN_I, ERSPAN_II, ERSPAN_III)[version])
    assert gre.haslayer(ERSPAN_PlatformSpecific) == (version == 2)


def test_ipsec_headers_are_read_by_scapy():
    ah = AH(build.authenticated(b"inside", following=6, spi=300, seq=4))
    assert (ah.nh, ah.payloadlen, ah.spi, ah.seq, len(ah.icv)) == (6, 4, 300, 4, 12)
    sealed = ESP(build.esp(b"sealed", spi=300, seq=4))
    assert (sealed.spi, sealed.seq, sealed.data) == (300, 4, b"sealed")


def test_sctp_is_what_scapy_builds():
    assert build.sctp(sport=5, dport=6, tag=7) == bytes(SCTP(sport=5, dport=6, tag=7, chksum=0))


def test_a_jumbogram_tells_its_length_in_its_first_option():
    header = IPv6ExtHdrHopByHop(build.jumbo(b"x" * 100, following=6))
    assert (header.nh, header.len, header.options[0].jumboplen) == (6, 0, 108)
    plain = IPv6ExtHdrDestOpt(build.extension(b"", following=17, body=b"\1\4\0\0\0\0"))
    assert (plain.nh, plain.len) == (17, 0)


def test_neighbours_are_what_scapy_builds():
    option = build.link_option(1, "02:00:00:00:00:05")
    theirs = ICMPv6ND_NS(tgt="fd00::77", cksum=0) / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:05")
    assert build.neighbour(kind=135, target="fd00::77", options=option) == bytes(theirs)
    router = ICMPv6ND_RA(build.neighbour(kind=134, rest=8, options=option))
    assert router[ICMPv6NDOptSrcLLAddr].lladdr == "02:00:00:00:00:05"


def test_packet_too_big_is_what_scapy_builds():
    assert build.icmpv6_error(b"quote", mtu=1280) == bytes(ICMPv6PacketTooBig(mtu=1280, cksum=0) / b"quote")
    assert build.icmp_error(b"", kind=11, code=0, length=32)[5] == 32


@pytest.mark.parametrize(("kind", "size"), [(1, 148), (2, 92), (3, 64)])
def test_wireguard_handshakes_are_read_by_scapy(kind, size):
    made = build.wireguard_handshake(kind=kind, first=7, second=8)
    theirs = Wireguard(made)
    assert (len(made), theirs.message_type) == (size, kind)
    indices = {1: ("sender_index",), 2: ("sender_index", "receiver_index"), 3: ("receiver_index",)}[kind]
    assert [getattr(theirs.payload, name) for name in indices] == [7, 8][: len(indices)]


def test_a_wireguard_data_message_is_type_receiver_counter_and_ciphertext():
    # WireGuard white paper, section 5.4.6; all numbers little-endian.
    assert build.wireguard_data(receiver=1, counter=2, sealed=16)[:16] == bytes.fromhex(
        "04000000010000000200000000000000"
    )
    assert len(build.wireguard_data(receiver=1, counter=2, sealed=16)) == 32


FRAME = build.ethernet(build.ipv4(build.udp(b"hello", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17))
TIME = 1_700_000_000_123_456_789


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("nanoseconds", "kept"), [(True, TIME), (False, TIME // 1000 * 1000)])
def test_scapy_reads_our_pcap_files(tmp_path, order, nanoseconds, kept):
    path = tmp_path / "x.pcap"
    path.write_bytes(build.pcap([(TIME, FRAME)], order=order, nanoseconds=nanoseconds, snaplen=30))
    (packet,) = PcapReader(str(path))
    assert (bytes(packet), packet.wirelen, int(packet.time * 10**9)) == (FRAME[:30], len(FRAME), kept)


@pytest.mark.parametrize("order", ["<", ">"])
def test_scapy_reads_our_pcapng_files_with_their_interfaces(tmp_path, order):
    path = tmp_path / "x.pcapng"
    interfaces = ((1, "eth0"), (276, "any"))
    frames = [(0, TIME, FRAME), (1, TIME + 1, build.sll2(FRAME[14:]))]
    path.write_bytes(build.pcapng(frames, interfaces=interfaces, order=order))
    first, second = PcapNgReader(str(path))
    assert (type(first), type(second)) == (Ether, CookedLinuxV2)
    assert (first.sniffed_on, second.sniffed_on) == ("eth0", "any")
    assert [int(one.time * 10**9) for one in (first, second)] == [TIME, TIME + 1]
