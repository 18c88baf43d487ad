"""Refusals: where the reset or error was first seen, how often it came, how soon, and what the request never reached."""

from __future__ import annotations

import pytest

from captools.lab.scenarios import s14b_policy_reject as lab
from captools.lab.topology import ROUTER
from captools.model.paths import Outcome, Refusal
from captures.build import icmp_error, ipv4, tcp, timestamps
from tests.correlate.material import FINE, S1, material
from tests.correlate.paths.scenes import A_POD, B_POD, R1_IP, WAY, Scene, chatter

BACK = [(point, ttl) for (point, _), (_, ttl) in zip(reversed(WAY), WAY, strict=True)]


def refusals() -> dict[tuple[str, int], Refusal]:
    return {
        (path.flow.dst, path.flow.dport or 0): path.refusal
        for path in material(lab.SCENARIO.id).analysed().paths
        if path.refusal is not None
    }


@pytest.mark.parametrize(
    ("ends", "kind", "by", "point", "direction"),
    [
        ((lab.NEAR.ip, 81), "reset", lab.NEAR.ip, lab.NEAR_POD, "in"),
        ((lab.FAR.ip, 80), "reset", lab.FAR.ip, lab.FAR_CARD, "out"),
        ((lab.NEAR.ip, 8443), "icmp", lab.NEAR_NODE, lab.NEAR_CARD, "out"),
        ((lab.FAR.ip, 8443), "icmp", lab.BY_ROUTER, f"{ROUTER}/eth1", "out"),
        ((lab.NEAR.ip, 53), "icmp", lab.NEAR.ip, lab.NEAR_POD, "in"),
    ],
)
def test_the_point_nearest_to_the_sender_is_where_the_lab_made_the_refusal(ends, kind, by, point, direction):
    found = refusals()[ends]
    assert (found.kind, found.by, found.point, found.direction) == (kind, by, point, direction)
    assert found.opening and found.packets == 1 and found.evidence[0].point == point


def test_only_a_reset_in_anothers_name_has_a_point_that_the_request_never_reached():
    assert {ends: one.unreached for ends, one in refusals().items() if one.unreached} == {(lab.FAR.ip, 80): lab.FAR_POD}


def test_icmp_codes_are_those_of_the_rules_that_the_lab_made():
    codes = {ends: one.icmp_code for ends, one in refusals().items() if one.kind == "icmp"}
    # admin-prohibited 13, host-prohibited 10 (RFC 1812, section 5.2.7.1), port unreachable 3 (RFC 792)
    assert codes == {(lab.NEAR.ip, 8443): 13, (lab.FAR.ip, 8443): 10, (lab.NEAR.ip, 53): 3}


def test_the_wait_is_that_of_one_clock_and_short():
    found = refusals().values()
    assert len(found) == 7
    for one in found:
        assert one.after_ns is not None and 0 < one.after_ns < 50_000_000


@pytest.mark.parametrize("name", [S1, FINE, "s14-policy-drop"])
def test_where_nobody_refused_there_is_none(name):
    assert all(path.refusal is None for path in material(name).analysed().paths)


SYN = tcp(sport=40_000, dport=80, flags=2, seq=5, options=timestamps(1, 0))


def asked(scene: Scene, ms: float, points: int) -> Scene:
    for at, (point, ttl) in enumerate(WAY[:points]):
        scene.sees(ms + at * 0.01, ipv4(SYN, src=A_POD, dst=B_POD, proto=6, ttl=ttl), point)
    return scene


def test_a_clock_that_runs_ahead_does_not_move_the_sender():
    scene = asked(chatter(Scene({}), 5, 15), 10, 6)
    reset = tcp(sport=80, dport=40_000, flags=0x14, ack=6)
    for at, (point, ttl) in enumerate(BACK):
        scene.sees(10.1 + at * 0.01, ipv4(reset, src=B_POD, dst=A_POD, proto=6, ttl=ttl), point)
    for point in ("a__lxca", "a__eth0"):  # 5 ms behind all others: its answer seems to come before the question
        scene.points[point] = [(stamp - 5_000_000, frame) for stamp, frame in scene.points[point]]
    found = scene.path(A_POD).refusal
    assert found is not None and found.point == "b/lxcb" and found.unreached == ""


def test_repeated_refusals_are_counted_once_each_whatever_saw_them():
    scene = chatter(Scene({}), 5, 1_005)
    for number, ms in enumerate((10, 1_010)):
        asked(scene, ms, 3)
        error = icmp_error(ipv4(SYN, src=A_POD, dst=B_POD, proto=6, ttl=63)[:28], code=1)
        for at, (point, ttl) in enumerate((("r__eth1", 64), ("a__eth0", 64), ("a__lxca", 63))):
            packet = ipv4(error, src=R1_IP, dst=A_POD, proto=1, ttl=ttl, ident=700 + number)
            scene.sees(ms + 0.1 + at * 0.01, packet, point)
    path = scene.path(A_POD)
    assert path.outcome is Outcome.REFUSED and path.refusal is not None
    assert (path.refusal.packets, path.refusal.point, path.refusal.icmp_code) == (2, "r/eth1", 1)
    assert path.refusal.to_json()["icmp_code"] == 1 and path.to_json()["refusal"]["by"] == R1_IP
