"""retransmissions: counted as tshark counts them, once for all points, told where they were lost; silent below a threshold."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from captools.findings.retransmissions import LEAST_SEGMENTS, LEAST_SHARE
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import FINE, S1, S2, S8, S13, material
from tests.correlate.paths.scenes import Scene, chatter
from tests.correlate.tcp.conversation import ALL, Talk

RULE, CASE = "retransmissions", "retransmissions"
BACK = ALL[::-1]
SERVER = "k8s-w0/eth1"


def lossy(count: int, lost: int, *, points: tuple[str, ...] = BACK, reach: int = 3, acks: bool = True) -> Talk:
    """B sends ``count`` segments; the first ``lost`` get ``reach`` points far at first, and are sent again."""
    talk = Talk().opened(*points[::-1])
    for number in range(count):
        far = reach if number < lost else len(points)
        talk.b(5 + number * 0.1, *points[:far], seq=1 + 1000 * number, size=1000)
    for number in range(lost):
        talk.b(300 + number * 0.1, *points, seq=1 + 1000 * number, size=1000)
    if acks:
        talk.a(400, *points[::-1], ack=1 + 1000 * count)
    return chatter_of(talk)


def chatter_of(talk: Talk) -> Talk:
    chatter(Scene(talk.points), 1, 200, 450)
    return talk


def test_it_counts_what_tshark_counts_at_the_sender_and_says_where_it_was_lost(fired):
    (one,) = fired(RULE, CASE)
    path = case(CASE).capture(SERVER)
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-Y", f"tcp.analysis.retransmission && tcp.dstport == {one.subject['dport']}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    count = len(done.stdout.splitlines())
    assert f"send {count} TCP segments" in one.statement and f"router/eth1: {count} of them" in one.statement
    assert (one.severity, one.confidence) == (Severity.WARNING, Confidence.PROVEN)
    assert (one.subject["name"], one.subject["node"]) == ("router/eth2 to router/eth1", "router")
    assert {"router/eth2", SERVER} <= {proof.point for proof in one.evidence} and "nft list ruleset" in one.remedy


@pytest.mark.parametrize(
    "name", [FINE, S1, S2, S8, S13, "mtu-black-hole", "mtu-icmp", "broken-off", "bulk-vxlan", "s14-policy-drop"]
)
def test_it_is_silent_where_nothing_was_lost_or_another_rule_says_why(fired, name):
    assert fired(RULE, name) == []


@pytest.mark.parametrize(("count", "lost", "told"), [
    (20, LEAST_SEGMENTS - 1, False),
    (20, LEAST_SEGMENTS, True),
    (int(LEAST_SEGMENTS / LEAST_SHARE) + 20, LEAST_SEGMENTS, False),
])  # fmt: skip
def test_a_few_or_a_small_share_are_not_worth_a_warning(fired, count, lost, told):
    assert bool(fired(RULE, lossy(count, lost, points=BACK[:1], reach=1).analysed())) is told


def test_the_same_loss_at_six_points_is_one_finding_and_counted_once(fired):
    (one,) = fired(RULE, lossy(40, 4).analysed())
    assert "send 4 TCP segments" in one.statement and one.confidence is Confidence.PROVEN
    assert "lost between r/eth2 and r/eth1: 4 of them" in one.statement


def test_two_connections_that_lose_at_one_place_are_one_finding(fired):
    talk, other = lossy(40, 4), Talk(sport=40_001)
    other.opened(*ALL)
    for number in range(20):
        other.b(5 + number * 0.1, *BACK[: 3 if number < 5 else 6], seq=1 + 1000 * number, size=1000)
    for number in range(5):
        other.b(310 + number * 0.1, *BACK, seq=1 + 1000 * number, size=1000)
    for point, frames in other.points.items():
        talk.points[point] += frames
    (one,) = fired(RULE, talk.analysed())
    assert "send 9 TCP segments" in one.statement and "in 2 connections" in one.statement
    assert "lost between r/eth2 and r/eth1: 9 of them" in one.statement


def test_a_point_behind_the_loss_sees_late_gaps_and_is_less_sure(fired):
    talk = Talk().opened("a__lxca", trip_ms=1)
    for number in (0, *range(4, 40)):
        talk.b(5 + number * 0.1, "a__lxca", seq=1 + 1000 * number, size=1000)
    for number in (1, 2, 3):
        talk.b(300 + number, "a__lxca", seq=1 + 1000 * number, size=1000)
    (one,) = fired(RULE, talk.analysed())
    assert one.confidence is Confidence.LIKELY and "lost before a/lxca" in one.statement


def test_copies_of_what_had_arrived_are_called_needless(fired):
    (one,) = fired(RULE, lossy(20, 4, reach=6, acks=False).analysed())
    assert "4 of them had arrived before" in one.statement and "acknowledgments" in one.statement


def test_nobody_says_needless_where_the_receivers_own_interface_was_not_captured(fired):
    (one,) = fired(RULE, lossy(20, 4, points=BACK[:2], reach=2, acks=False).analysed())
    assert "had arrived" not in one.statement and "lost behind it" in one.statement


def test_a_syn_that_waits_for_its_answer_is_no_retransmission_of_data(fired):
    talk = Talk()
    for ms in (0, 1_000, 3_000, 7_000):
        talk.a(ms, *ALL, seq=0, flags=2)
    talk.opened(*ALL, ms=15_000)
    talk.a(15_010, *ALL, size=10)
    talk.b(15_011, *BACK, ack=11)
    assert fired(RULE, talk.analysed()) == []


def test_single_bytes_towards_a_closed_window_only_ask_for_room(fired):
    talk = lossy(10, 0)
    for number in range(5):
        talk.b(500 + 200 * number, *BACK, seq=10_001, size=1)
        talk.a(501 + 200 * number, *ALL, ack=10_001, window=0)
    talk.a(1_600, *ALL, ack=10_002, window=500)
    assert fired(RULE, talk.analysed()) == []


def test_any_half_of_the_points_leaves_the_loss_between_the_two_that_are_named(fired):
    way = ["k8s-w0/lxcee77f40d2cc8", SERVER, "router/eth2", "router/eth1", "k8s-ctr/eth1", "k8s-ctr/lxca72ed626ec04"]
    for gone in (way[:3], way[3:], way[::2], way[1::2]):
        left = material(CASE)
        for point in gone:
            left = left.without(point)
        for found in fired(RULE, left.analysed()):
            ends = found.subject["name"].split(" to ")
            if len(ends) == 2:
                assert way.index(ends[0]) <= 2 and way.index(ends[1]) >= 3
            else:
                assert ("lost before" in found.statement) == (way.index(ends[0]) >= 3)


def test_a_capture_of_one_direction_in_the_middle_of_a_connection_is_told_too(shared: Path):
    analysis = open_session([shared / "captures-real/tcp/practical-tcp_retransmissions.pcapng"]).analysis
    (one,) = (found for found in analysis.findings if found.rule == RULE)
    # By tshark: frames 2 to 6 are [TCP Retransmission].
    assert "send 5 TCP segments" in one.statement and one.evidence[0].frames == (2, 3, 4, 5, 6)
