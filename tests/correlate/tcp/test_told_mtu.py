"""Told MTUs: which router said what about which way, how far its word came, and what the sender made of it."""

from __future__ import annotations

import pytest

from captools.model.mtu import ToldMtu
from captools.model.paths import Way
from captures.build import ethernet, icmp_error, ipv4, ipv6, tcp
from tests.correlate.paths.scenes import A_POD, R1_IP, Scene
from tests.correlate.same.wires import MS, START
from tests.correlate.tcp.conversation import A0, ALL, DPORT, SPORT, B, Talk


def told(talk: Talk, *points: str, ms: float = 21, mtu: int = 1280, code: int = 4) -> None:
    """Let the router say that the bytes from the first one on did not fit."""
    quoted = ipv4(tcp(sport=SPORT, dport=DPORT, seq=A0 + 1)[:8], src=A_POD, dst=B, proto=6)
    packet = ipv4(icmp_error(quoted, code=code, mtu=mtu), src=R1_IP, dst=A_POD, proto=1, ident=77)
    for at, point in enumerate(points):
        talk.points.setdefault(point, []).append((START + round(ms * MS) + at * 10_000, ethernet(packet)))


def refused(*points: str) -> Talk:
    talk = Talk().opened(*ALL)
    talk.a(20, *ALL[:3], size=1400)
    told(talk, *points)
    return talk


def words(talk: Talk) -> list[ToldMtu]:
    return list(talk.analysed().path_mtus)


def test_the_word_of_a_router_and_the_sender_that_goes_by_it():
    talk = refused("r__eth1", "a__eth0", "a__lxca")
    talk.a(30, *ALL, size=1228)
    talk.a(31, *ALL, seq=1229, size=172)
    (one,) = words(talk)
    assert (one.path, one.way, one.by, one.mtu, one.errors) == (0, Way.FORWARD, R1_IP, 1280, 1)
    assert set(one.points) == {"r/eth1", "a/eth0", "a/lxca"} and one.home == "a/lxca"
    assert (one.refused_bytes, one.largest_after, one.obeyed) == (1452, 1280, True)
    assert {proof.point for proof in one.evidence} == set(one.points)


def test_a_sender_that_does_not_hear_it_goes_on():
    talk = refused("r__eth1")
    talk.a(300, *ALL[:3], size=1400)
    (one,) = words(talk)
    assert (one.home, one.largest_after, one.obeyed) == ("", 1452, False)


def test_nothing_behind_it_tells_nothing():
    (one,) = words(refused("r__eth1", "a__eth0"))
    assert one.obeyed is None and one.largest_after == 0


def test_a_point_with_super_frames_does_not_make_packets_larger_than_they_were():
    talk = Talk().opened(*ALL)
    talk.a(20, "a__lxca", size=2800)
    talk.a(20.01, "a__eth0", "r__eth1", size=1400)
    told(talk, "r__eth1", "a__eth0", "a__lxca")
    talk.a(30, "a__lxca", size=1400)
    talk.a(30.01, "a__eth0", "r__eth1", size=1228)
    (one,) = words(talk)
    assert (one.refused_bytes, one.largest_after) == (1452, 1280)


@pytest.mark.parametrize("code", [0, 1, 3, 13])
def test_other_errors_tell_no_mtu(code):
    talk = Talk().opened(*ALL)
    talk.a(20, *ALL[:3], size=1400)
    told(talk, "r__eth1", code=code)
    assert words(talk) == []


def test_ipv6_says_packet_too_big():
    a, b = "fd00::1", "fd00::2"

    def segment(seq: int, size: int) -> bytes:
        return ethernet(ipv6(tcp(b"x" * size, sport=SPORT, dport=DPORT, seq=seq), src=a, dst=b, proto=6), kind=0x86DD)

    quoted = ipv6(tcp(sport=SPORT, dport=DPORT, seq=1)[:8], src=a, dst=b, proto=6)
    error = icmp_error(quoted, kind=2, code=0)[:4] + (1280).to_bytes(4, "big") + quoted
    frames = [(START, segment(1, 1400)), (START + MS, ethernet(ipv6(error, src="fd00::ff", dst=a, proto=58), kind=0x86DD)),
              (START + 2 * MS, segment(1, 1220))]  # fmt: skip
    (one,) = Scene({"a__eth0": frames}).analysed().path_mtus
    assert (one.by, one.mtu, one.refused_bytes, one.largest_after, one.obeyed) == ("fd00::ff", 1280, 1460, 1280, True)
