"""mtu-black-hole: large ones vanish, small ones pass, nobody says why; and everything that looks like it and is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captools.pipeline import open_session
from captures import case
from captures.build import ethernet, icmp_echo, icmp_error, ipv4, udp
from tests.correlate.material import FINE, S1, S2, S8, S13, material
from tests.correlate.paths.scenes import Scene, chatter
from tests.correlate.same.wires import ACK, MS, RST, START
from tests.correlate.tcp.conversation import ALL, A, B, Talk
from tests.correlate.tcp.test_told_mtu import told

RULE, CASE = "mtu-black-hole", "mtu-black-hole"
NEAR, FAR = "k8s-w0/eth1", "router/eth2"
BACK = ALL[::-1]


def hole(*, large: int = 1448, small: int = 200, reach: int = 3, after: bool = True, ends: bool = True) -> Talk:
    """B's large answer goes ``reach`` points far, four times; a small one before it went all the way."""
    seen, back = (ALL, BACK) if ends else ((BACK[0],), BACK[:1])
    talk = Talk().opened(*seen)
    talk.a(5, *seen, size=60)
    talk.b(6, *back, ack=61, size=small)
    talk.a(7, *seen, seq=61, ack=1 + small)
    for number in range(4):
        talk.b(10 + 200 * (2**number - 1), *back[:reach], seq=1 + small, ack=61, size=large)
    if after:
        talk.b(1_600, *back, seq=1 + small + large, ack=61)
        talk.a(1_700, *seen, seq=61, ack=1 + small)
    chatter(Scene(talk.points), 500, 1_000, 1_500)
    return talk


def test_it_says_who_how_large_and_between_which_points(fired):
    (one,) = fired(RULE, CASE)
    assert (one.severity, one.confidence) == (Severity.ERROR, Confidence.PROVEN)
    for word in (
        f"between {NEAR} and {FAR}",
        "1,500 bytes",
        "MTU of 1,500",
        "172.20.2.33:80",
        "curl-pod",
        "No ICMP error",
    ):
        assert word in one.statement, word
    assert one.subject["name"] == f"{NEAR} to {FAR}" and one.subject["node"] is None
    assert "ping -M do -s 1472 172.20.0.88 does not" in one.remedy


def test_its_frames_are_the_large_ones_that_tshark_calls_retransmitted_and_the_small_one_at_both_ends(fired):
    (one,) = fired(RULE, CASE)
    (lost,) = (proof for proof in one.evidence if proof.point == NEAR and "never acknowledged" in proof.shows)
    path, port = case(CASE).capture("k8s-w0/eth1"), one.subject["sport"]
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-Y", f"tcp.srcport == {port} && ip.len == 1500 && tcp.seq == 1", "-T", "fields",
         "-e", "frame.number"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    stream = [int(word) for word in done.stdout.split()]
    assert set(lost.frames) <= set(stream) and len(lost.frames) >= 3
    passed = {proof.point for proof in one.evidence if "it arrived" in proof.shows}
    assert passed == {NEAR, "k8s-ctr/lxca72ed626ec04"}


@pytest.mark.parametrize("name", [FINE, S1, S2, S8, S13, "mtu-icmp", "retransmissions", "broken-off"])
def test_it_is_silent_where_size_is_not_the_matter(fired, name):
    assert fired(RULE, name) == []


def test_it_is_proven_only_where_both_sides_of_the_loss_and_smaller_ones_were_seen(fired):
    assert [one.confidence for one in fired(RULE, hole().analysed())] == [Confidence.PROVEN]
    assert [one.confidence for one in fired(RULE, hole(after=False).analysed())] == [Confidence.LIKELY]
    assert [one.confidence for one in fired(RULE, hole(ends=False).analysed())] == [Confidence.LIKELY]
    (least,) = fired(RULE, hole(ends=False, after=False).analysed())
    assert least.confidence is Confidence.POSSIBLE and "may vanish" in least.statement


def test_any_half_of_the_points_leaves_it_right_or_silent(fired):
    points = ["k8s-w0/lxcee77f40d2cc8", NEAR, FAR, "router/eth1", "k8s-ctr/eth1", "k8s-ctr/lxca72ed626ec04"]
    one = material(CASE)
    for gone in (points[:3], points[3:], points[::2], points[1::2]):
        left = one
        for point in gone:
            left = left.without(point)
        for found in fired(RULE, left.analysed()):
            name = found.subject["name"]
            near, far = name.split(" to ") if name else (points[1], points[2])
            # The loss lies between the two that are named.
            assert points.index(near) <= 1 and points.index(far) >= 2, name


def test_what_dies_after_packets_as_large_was_not_lost_for_its_size(fired):
    assert fired(RULE, hole(large=1448, small=1448).analysed()) == []


def test_small_packets_do_not_vanish_for_their_size(fired):
    assert fired(RULE, hole(large=900).analysed()) == []


def test_where_another_connection_brings_as_much_through_it_is_something_else(fired):
    talk, other = hole(), Talk(sport=40_001).opened(*ALL, ms=100)
    other.b(120, *BACK, size=1448)
    other.a(121, *ALL, ack=1449)
    for point, frames in other.points.items():
        talk.points[point] += frames
    analysis = talk.analysed()
    assert fired(RULE, analysis) == [] and len(fired("lost-between-points", analysis)) == 1


def test_an_error_about_the_tunnel_around_them_is_not_passed_over(fired):
    talk = hole()
    outer = ipv4(udp(sport=50_000, dport=8472), src="192.0.2.1", dst="198.51.100.2", proto=17)
    error = ipv4(icmp_error(outer, mtu=1400), src="192.0.2.254", dst="192.0.2.1", proto=1)
    talk.points["r__eth1"].append((START + 20 * MS, ethernet(error)))
    (one,) = fired(RULE, talk.analysed())
    assert "1 ICMP error about packets too large came by, but about none of these" in one.statement


@pytest.mark.parametrize(("size", "others"), [(1400, 0), (100, 1)])
def test_long_pings_that_are_lost_at_the_same_place_have_the_same_cause(fired, size, others):
    talk = hole()
    for number in range(4):
        echo = icmp_echo(bytes(size), ident=9, seq=number)
        for at, point in enumerate(BACK[:3]):
            packet = ipv4(echo, src=B, dst=A, proto=1, ttl=64 - at, ident=900 + number)
            talk.points[point].append((START + (300 + 200 * number) * MS + at * 10_000, ethernet(packet)))
    analysis = talk.analysed()
    assert len(fired(RULE, analysis)) == 1 and len(fired("lost-between-points", analysis)) == others


def test_a_client_that_gives_up_with_a_reset_hides_nothing(fired):
    talk = hole()
    talk.a(2_000, *ALL, seq=61, ack=201, flags=RST | ACK)
    assert len(fired(RULE, talk.analysed())) == 1


def test_the_word_of_a_router_that_the_sender_never_got_is_told(fired):
    talk = Talk().opened(*ALL)
    talk.a(5, *ALL, size=100)
    talk.b(6, *BACK, ack=101)
    for number in range(4):
        talk.a(10 + 200 * (2**number - 1), *ALL[:3], seq=101, size=1448)
    told(talk, "r__eth1", ms=11)
    (one,) = fired(RULE, chatter(Scene(talk.points), 500, 1_000).analysed())
    assert "did say by ICMP that its next link takes 1,280 bytes" in one.statement
    assert "not at the sender's own a/lxca" in one.statement
    assert fired("path-mtu", talk.analysed()) == []


def test_the_real_black_hole_is_possible_at_least(fired, shared: Path):
    analysis = open_session([shared / "captures-real/k8s/flannel-mtu-issue.cap"]).analysis
    (one,) = (found for found in analysis.findings if found.severity is Severity.ERROR)
    assert (one.rule, one.confidence) == (RULE, Confidence.POSSIBLE)
    assert one.evidence[0].frames == (6, 7, 8, 9, 10) and "2,427 bytes were sent 5 times in 1.66 s" in one.statement
