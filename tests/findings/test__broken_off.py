"""Connections that break off: placed between two points, told by one rule only, and not where anything answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from captools.model.evidence import Confidence
from captools.pipeline import open_session
from tests.correlate.material import FINE, S1, S2, material
from tests.correlate.paths.scenes import Scene, chatter
from tests.correlate.same.wires import RST
from tests.correlate.tcp.conversation import ALL, Talk

RULE, CASE = "lost-between-points", "broken-off"
BACK = ALL[::-1]


def cut(*, size: int = 300, reach: int = 3, resets: bool = False) -> Talk:
    """B answers A's second question four times, as far as ``reach`` points."""
    talk = Talk().opened(*ALL)
    talk.a(5, *ALL, size=60)
    talk.b(6, *BACK, ack=61, size=600)
    talk.a(7, *ALL, seq=61, ack=601, size=60)
    for number in range(4):
        talk.b(10 + 200 * (2**number - 1), *BACK[:reach], seq=601, ack=121, size=size)
    if resets:
        talk.a(1_450, *ALL, seq=121, ack=601, flags=RST | 0x10)
    chatter(Scene(talk.points), 500, 1_000, 1_500)
    return talk


def test_it_says_until_when_the_two_talked_and_who_dropped_what(fired):
    (one,) = fired(RULE, CASE)
    assert one.confidence is Confidence.PROVEN and one.subject["node"] == "router"
    for word in (
        "talked with default/curl-pod",
        "came as far as router/eth2 and never to router/eth1",
        "router dropped",
    ):
        assert word in one.statement, word
    assert {proof.point for proof in one.evidence} == {"k8s-w0/lxcee77f40d2cc8", "router/eth2"}
    # The router runs no Cilium, and its table has the connection under the opener's addresses, curl-pod's.
    assert one.remedy.endswith("on router: nft list ruleset (or iptables -S), conntrack -L | grep 172.20.0.88")


def test_one_cause_is_one_finding(fired):
    analysis = material(CASE).analysed()
    assert [fired(rule, analysis) for rule in ("retransmissions", "mtu-black-hole", "refused")] == [[], [], []]


@pytest.mark.parametrize("name", [FINE, S2, "retransmissions", "mtu-icmp"])
def test_it_is_silent_where_everything_got_through_at_last(fired, name):
    assert fired(RULE, name) == []


def test_what_never_began_is_told_otherwise(fired):
    assert not any("talked with" in one.statement for one in fired(RULE, S1))


def test_it_is_placed_where_the_points_say(fired):
    (one,) = fired(RULE, cut().analysed())
    assert one.subject["name"] == "r/eth2 to r/eth1" and "r dropped them" in one.statement
    (one,) = fired(RULE, cut(reach=4).analysed())
    assert one.subject["name"] == "r/eth1 to a/eth0" and "Something dropped them" in one.statement


def test_without_the_tools_counts_it_is_likely(fired):
    (one,) = fired(RULE, cut().analysed(counts=False))
    assert one.confidence is Confidence.LIKELY and "no counts" in one.statement


def test_who_was_reset_knows_why(fired):
    assert fired(RULE, cut(resets=True).analysed()) == []


def test_what_came_to_the_last_point_was_not_dropped_on_the_way(fired):
    assert fired(RULE, cut(reach=6).analysed()) == []


def test_a_keepalive_is_placed_too_and_a_silent_point_is_no_witness(shared: Path):
    folder = shared / "captures-real/nat-two-sided/keepalive-block-rst-2pt"
    files = {1: "1-gw-eth1.pcapng", 2: "2-gw-eth2.pcapng"}
    (one,) = open_session([f"gw/eth{at}={folder / name}" for at, name in files.items()]).analysis.findings
    # By tshark: 10.1.8.10 sends keepalives in frames 8 and 11 and RST in frame 12 of eth2; eth1 ends a minute before.
    assert (one.rule, one.confidence, one.subject["node"]) == (RULE, Confidence.POSSIBLE, "gw")
    assert [(proof.point, proof.frames) for proof in one.evidence] == [("gw/eth2", (8, 11)), ("gw/eth2", (12,))]
    assert (
        "gw/eth2 and never to gw/eth1" in one.statement and "If it was listening, gw between the two" in one.statement
    )


def test_a_gateway_that_drops_fins_only_is_told_with_what_passed_behind_them(shared: Path):
    folder = shared / "captures-real/nat-two-sided/http-long-conn-2pt"
    files = {1: "1-gw-eth1.cap", 2: "2-gw-eth2.cap"}
    (one,) = open_session([f"gw/eth{at}={folder / name}" for at, name in files.items()]).analysis.findings
    # By tshark: FIN in frames 14 to 19, 22 to 24, 27 and 43 to 48, 51 to 53 of eth1, none in eth2; frame 19 there is an ACK.
    assert (one.rule, one.confidence, one.subject["node"]) == (RULE, Confidence.LIKELY, "gw")
    assert "2 connections" in one.statement and "its FIN, sent 10 times" in one.statement
    assert "1 later packet of it did" in one.statement and {proof.point for proof in one.evidence} == {"gw/eth1"}
