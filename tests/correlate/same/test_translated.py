"""Same packet through NAT: one number before and behind, with the method that found it."""

from __future__ import annotations

import pytest

from captools.correlate.same.icmp_errors import errors
from captools.correlate.same.match import match
from captools.correlate.same.translated import through_nat
from captools.correlate.sightings import sightings
from captools.model.evidence import Confidence
from captures.build import ethernet, icmp_error, ipv4, pcap, sll, udp
from tests.correlate.material import FINE, S2, S8, S13, material
from tests.correlate.same.rewritten import masqueraded
from tests.correlate.same.wires import ACK, MS, START, SYN, US, Segment, groups_of, partition, read
from tests.wire.conftest import decode_table

POD, NODE, OUT = "172.20.0.88", "192.168.10.100", "10.10.1.200"


def numbered(rows):
    plain = match(rows)
    groups = groups_of(rows, plain)
    return through_nat(rows, plain, groups, errors(rows, groups))


def conversation() -> tuple[Segment, ...]:
    out, back = Segment(POD, 40000, OUT), Segment(OUT, 80, POD, 40000, seq=77, ident=900)
    return (
        out.but(flags=SYN),
        back.but(flags=SYN | ACK, ident=0),
        out.but(flags=ACK, seq=out.seq + 1, ident=2),
        out.but(seq=out.seq + 1, payload=b"GET / HTTP/1.1\r\n\r\n", ident=3),
        back.but(seq=78, payload=b"HTTP/1.1 200 OK\r\n\r\n", ident=901),
    )


def behind(segment: Segment) -> Segment:
    """The same segment on the other side of a masquerade that rewrites the port."""
    if segment.src == POD:
        return segment.but(src=NODE, sport=61234, ttl=63)
    return segment.but(dst=NODE, dport=61234)


def test_every_packet_of_a_masqueraded_connection_is_one_packet():
    packets = conversation()
    rows = read({
        "a/lxc": [one.but(ttl=63 if one.src == OUT else 64).at(at * MS) for at, one in enumerate(packets)],
        "a/eth": [behind(one).at(at * MS + (-20 if one.src == OUT else 20) * US) for at, one in enumerate(packets)],
    })  # fmt: skip
    found = numbered(rows)
    assert found.ids.tolist()[:5] == found.ids.tolist()[5:] and found.count == 5
    assert {found.method(one) for one in found.ids.tolist()} == {"nat-invariant"}
    assert {found.confidence(one) for one in found.ids.tolist()} == {Confidence.PROVEN}


def test_exact_matches_keep_their_method():
    rows = read({"a/lxc": [Segment().at(0)], "a/eth": [Segment(ttl=63).at(9)]})
    found = numbered(rows)
    assert (found.count, found.method(0)) == (1, "exact")


def test_both_address_pairs_at_one_place_are_no_repetition():
    packet = Segment(POD, 40000, OUT, flags=SYN)
    frames = [(START + at, sll(one.packet())) for at, one in enumerate((packet, behind(packet).but(ttl=64)))]
    near = [(START + 9, ethernet(packet.packet()))]
    rows = sightings(decode_table({"a/any": pcap(frames, linktype=113), "b/e": pcap(near)}))
    # Nothing says that the two at one place are not two connections with one sequence number: they stay apart.
    assert [len(group) for group in groups_of(rows)] == [1, 1]
    assert numbered(rows).count == 2


def test_the_error_about_a_translated_packet_is_one_packet_too():
    pod = Segment(POD, 40000, OUT, flags=SYN)
    node = behind(pod)

    def error(quoted: Segment, ttl: int) -> bytes:
        return ethernet(ipv4(icmp_error(quoted.packet()[:60]), src=OUT, dst=quoted.src, proto=1, ident=5, ttl=ttl))

    rows = read({
        "a/lxc": [pod.at(0), (START + 90 * US, error(pod, 63))],
        "a/eth": [node.at(10 * US), (START + 80 * US, error(node, 64))],
    })  # fmt: skip
    found = numbered(rows)
    assert found.ids[1] == found.ids[3] and found.ids[0] == found.ids[2] != found.ids[1]
    assert found.method(int(found.ids[1])) == "nat-invariant"


def test_datagrams_are_followed_through_nat_by_ip_id_and_payload():
    def query(src: str, sport: int, ident: int, ttl: int) -> bytes:
        return ethernet(ipv4(udp(bytes(range(1, 30)), sport=sport, dport=53), src=src, dst=OUT, proto=17, ident=ident,
                             ttl=ttl))  # fmt: skip

    rows = read({
        "a/lxc": [(START, query(POD, 4000, 7, 64)), (START + 5 * MS, query(POD, 4000, 8, 64))],
        "a/eth": [(START + 9, query(NODE, 61000, 7, 63)), (START + 5 * MS + 9, query(NODE, 61000, 8, 63))],
    })  # fmt: skip
    assert numbered(rows).ids.tolist()[:2] == numbered(rows).ids.tolist()[2:]


@pytest.mark.parametrize(("name", "node", "source"), [
    (FINE, "k8s-ctr", "172.20.0.88"), (S2, "k8s-ctr", "172.20.0.88"), (S2, "k8s-w0", "172.20.2.33"),
    (S13, "k8s-ctr", "172.20.0.88"), (S8, "k8s-w0", "172.20.2.33"),
])  # fmt: skip
@pytest.mark.parametrize("ports", [False, True], ids=["ports kept", "ports rewritten"])
def test_masquerading_a_recorded_case_behind_one_card_changes_no_match(name, node, source, ports):
    rows = material(name).sightings()
    plain = partition(rows, match(rows))
    changed = masqueraded(rows, node=node, source=source, into="192.0.2.77", ports=ports)
    assert partition(changed, match(changed)) != plain
    assert partition(changed, numbered(changed)) == plain
