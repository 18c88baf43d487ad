"""Evidence: frames of one file each, with filter words that hold for all of them."""

from __future__ import annotations

from captools.correlate.evidence import MAX_FRAMES, Prover
from captools.model.evidence import Evidence
from captures.build import arp, ethernet, geneve, icmp_echo, ipv4, ipv6, tcp, udp, vxlan, wireguard_data
from tests.correlate.talk import START, Ends, Frames, get, read

LINK = Ends("10.0.0.1", 40000, "10.0.0.2")


def proven(frames: Frames, *rows: int, **options: int) -> tuple[Evidence, ...]:
    found = read(k8s_w1__eth1=frames)
    return Prover(found.rows(), found.sources).of(rows or range(len(frames)), "why", **options)


def at(*packets: bytes) -> Frames:
    return [(START + number, packet) for number, packet in enumerate(packets)]


def test_a_proof_names_file_digest_point_and_one_based_frames():
    (one,) = proven([LINK.ask(0, get()), LINK.ask(1, get(), seq=9)], 1)
    assert (one.point, one.file, one.sha256) == ("k8s-w1/eth1", "captures/k8s_w1__eth1.pcap", "ab" * 32)
    assert (one.frames, one.shows, one.decode_as) == ((2,), "why", "")
    assert one.filter == (
        "frame.number == 2 && ip.src == 10.0.0.1 && ip.dst == 10.0.0.2 && tcp.srcport == 40000 && tcp.dstport == 80"
    )


def test_several_frames_keep_only_the_words_that_hold_for_all():
    (one,) = proven([LINK.ask(0, get()), LINK.answer(1, b"x")])
    assert one.filter == "frame.number in {1,2}" and one.frames == (1, 2)


def test_each_point_and_file_is_a_proof_of_its_own():
    found = read(a__e=[LINK.ask(0, get())], b__e=[LINK.ask(1, get(), ttl=63)])
    proofs = Prover(found.rows(), found.sources).of([1, 0], "why")
    assert [(one.point, one.file, one.frames) for one in proofs] == [
        ("b/e", "captures/b__e.pcap", (1,)), ("a/e", "captures/a__e.pcap", (1,)),
    ]  # fmt: skip


def test_no_row_proves_nothing():
    found = read(a__e=[LINK.ask(0, get())])
    assert Prover(found.rows(), found.sources).of([], "why") == ()


def test_of_very_many_frames_the_first_are_named():
    frames = [LINK.ask(ms, b"x", seq=ms) for ms in range(MAX_FRAMES + 5)]
    assert proven(frames)[0].frames == tuple(range(1, MAX_FRAMES + 1))
    assert proven(frames, most=3)[0].frames == (1, 2, 3)


def test_a_packet_in_vxlan_needs_the_port_decoded_and_its_vni():
    inner = ethernet(ipv4(tcp(sport=1, dport=2), src="172.20.0.88", dst="172.20.2.33", proto=6))
    outer = ipv4(udp(vxlan(inner, vni=45966), sport=5000, dport=8472), src="192.0.2.1", dst="192.0.2.2", proto=17)
    (one,) = proven(at(ethernet(outer)))
    assert one.decode_as == "udp.port==8472,vxlan"
    assert "vxlan.vni == 45966" in one.filter and "ip.src == 172.20.0.88" in one.filter


def test_in_a_tunnel_in_a_tunnel_any_port_may_be_the_one_to_decode():
    inner = ethernet(ipv4(tcp(sport=1, dport=2), src="172.20.0.88", dst="172.20.2.33", proto=6))
    middle = ipv4(udp(vxlan(inner, vni=45966), sport=5000, dport=8472), src="10.9.0.1", dst="10.9.0.2", proto=17)
    outer = udp(geneve(ethernet(middle), vni=7), sport=5000, dport=6081)
    (one,) = proven(at(ethernet(ipv4(outer, src="192.0.2.1", dst="192.0.2.2", proto=17))))
    assert one.decode_as == "udp.port==4789,vxlan,udp.port==8472,vxlan"
    assert one.decode_rules() == ("udp.port==4789,vxlan", "udp.port==8472,vxlan")


def test_each_kind_of_packet_has_its_own_words():
    ping = ipv4(icmp_echo(b"x", ident=1, seq=1), src="10.0.0.1", dst="10.0.0.2", proto=1)
    sealed = ipv4(
        udp(wireguard_data(receiver=1, counter=0, sealed=32), sport=51871, dport=51871),
        src="10.0.0.1", dst="10.0.0.2", proto=17,
    )  # fmt: skip
    words = {
        "icmp.type == 8": ethernet(ping),
        "wg.type == 4": ethernet(sealed),
        "arp.opcode == 1": ethernet(arp(op=1, sender="10.0.0.1", target="10.0.0.2"), kind=0x806),
        "ipv6.src == fd00::1 && ipv6.dst == fd00::2 && tcp.srcport == 1 && tcp.dstport == 2": ethernet(
            ipv6(tcp(sport=1, dport=2), src="fd00::1", dst="fd00::2", proto=6), kind=0x86DD
        ),
    }
    for number, word in enumerate(words):
        (one,) = proven(at(*words.values()), number)
        assert one.filter.startswith(f"frame.number == {number + 1} && ") and one.filter.endswith(word)


def test_a_frame_that_could_not_be_read_is_named_by_its_number_alone():
    (one,) = proven(at(ethernet(b"", kind=0x9999)))
    assert one.filter == "frame.number == 1"
