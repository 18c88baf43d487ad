"""ICMP errors: tied to the conversation whose packet they quote, before and behind NAT, and to no other."""

from __future__ import annotations

import pytest

from captools.correlate.same.icmp_errors import FORWARD, REPLY, errors
from captures.build import ethernet, icmp_echo, icmp_error, ipv4
from tests.correlate.same.wires import ACK, SECOND, START, SYN, US, Segment, groups_of, read

POD, NODE, ROUTER, OUT = "172.20.0.88", "192.168.10.100", "192.168.10.200", "10.10.1.200"


def refusal(quoted: bytes, *, dst: str, src: str = ROUTER, ident: int = 5, ttl: int = 64) -> bytes:
    return ethernet(ipv4(icmp_error(quoted[:60], mtu=1400), src=src, dst=dst, proto=1, ident=ident, ttl=ttl))


def test_an_error_about_the_translated_packet_is_about_the_pods_conversation():
    pod, node = Segment(POD, 40000, OUT, flags=SYN), Segment(NODE, 61234, OUT, flags=SYN, ttl=63)
    rows = read({
        "a/lxc": [pod.at(0), (START + 90 * US, refusal(pod.packet(), dst=POD, ttl=63))],
        "a/eth": [node.at(10 * US), (START + 80 * US, refusal(node.packet(), dst=NODE))],
    })  # fmt: skip
    groups = groups_of(rows)
    found = errors(rows, groups)
    assert [len(group) for group in groups] == [2]
    assert (found.rows.tolist(), found.groups.tolist(), found.ways.tolist()) == ([1, 3], [0, 0], [FORWARD, FORWARD])
    assert found.about(0).tolist() == [1, 3] and found.about(1).tolist() == []


def test_an_error_about_an_answer_goes_the_other_way():
    syn, answer = Segment(POD, 40000, OUT, flags=SYN), Segment(OUT, 80, POD, 40000, flags=SYN | ACK)
    rows = read({"a/e": [syn.at(0), answer.at(9), (START + 50, refusal(answer.packet(), dst=OUT, src=POD))]})
    assert errors(rows, groups_of(rows)).ways.tolist() == [REPLY]


def test_an_error_long_after_is_not_about_a_conversation_that_ended():
    one = Segment(POD, 40000, OUT, flags=SYN)
    rows = read({"a/e": [one.at(0), (START + 60 * SECOND, refusal(one.packet(), dst=POD))]})
    assert len(errors(rows, groups_of(rows)).rows) == 0


def test_a_router_takes_seconds_to_find_a_host_unreachable():
    # Linux asks by ARP three times, a second apart, before it says so: measured in s4-vip-unanswered, 3.06 s.
    one = Segment(POD, 40000, OUT, flags=SYN)
    rows = read({"a/e": [one.at(0), (START + 3 * SECOND + 60_000 * US, refusal(one.packet(), dst=POD))]})
    assert errors(rows, groups_of(rows)).rows.tolist() == [1]


def test_of_a_port_used_again_the_conversation_that_is_going_on_comes_first():
    first, again = Segment(POD, 40000, OUT, flags=SYN), Segment(POD, 40000, OUT, seq=90_000_000, flags=SYN)
    frames = [first.at(0), again.at(4 * SECOND), (START + 4 * SECOND + 50 * US, refusal(again.packet(), dst=POD))]
    rows = read({"a/e": frames})
    groups = groups_of(rows)
    assert len(groups) == 2
    (about,) = errors(rows, groups).groups.tolist()
    assert groups[about][0].forward.tolist() == [1]


def test_an_error_about_a_packet_of_nobody_is_about_nothing():
    one, other = Segment(POD, 40000, OUT, flags=SYN), Segment(POD, 40001, OUT, flags=SYN)
    rows = read({"a/e": [one.at(0), (START + 50, refusal(other.packet(), dst=POD))]})
    assert len(errors(rows, groups_of(rows)).rows) == 0


@pytest.mark.parametrize(("pings", "told"), [((1,), 1), ((1, 2), 0)])
def test_two_pings_between_the_same_ends_are_quoted_alike(pings, told):
    def echo(ident: int) -> bytes:
        return ipv4(icmp_echo(b"x" * 8, ident=ident, seq=1), src=POD, dst=OUT, proto=1)

    frames = [(START + at, ethernet(echo(ident))) for at, ident in enumerate(pings)]
    rows = read({"a/e": [*frames, (START + 50, refusal(echo(1), dst=POD))]})
    assert len(errors(rows, groups_of(rows)).rows) == told


def test_the_real_fragmentation_needed_of_a_gateway(shared):
    # tshark: frame 7 of 2-gw-eth1 quotes ip.id 0x2cba, source port 47710, 1239 bytes that eth2 never shows.
    from captools.correlate.sightings import sightings
    from captools.pipeline import open_session

    folder = shared / "captures-real/nat-two-sided/tcp-mtu-4pt"
    rows = sightings(open_session([folder / "2-gw-eth1.cap", folder / "3-gw-eth2.cap"]).opened.packets())
    groups = groups_of(rows)
    found = errors(rows, groups)
    (row,), (group,) = found.rows.tolist(), found.groups.tolist()
    assert (rows.point(row), rows["frame"][row]) == ("2-gw-eth1", 7)
    assert str(groups[group][0].flow) == "10.1.5.10:47710 -> 10.1.8.10:80 tcp"
