"""Three minutes of WireGuard, as recorded: the timers of the whitepaper (section 6.1) are those that captools tells."""

from __future__ import annotations

from datetime import datetime

from captools.lab.scenarios.wireguard_rekey import COUNT, FAR, INTERVAL_S, NEAR, SCENARIO
from captools.model.encryption import Pair
from captures import case
from tests.correlate.material import material

CASE = SCENARIO.id
REKEY_AFTER_S, REJECT_AFTER_S, REKEY_TIMEOUT_S = 120, 180, 5


def pair(a: str, b: str) -> Pair:
    (found,) = [one for one in material(CASE).analysed().encryption.pairs if {one.a, one.b} == {a, b}]
    return found


def seconds(time: str) -> float:
    return datetime.fromisoformat(time[:26] + "+00:00").timestamp()


def test_the_session_over_the_router_is_over_before_the_last_pings_and_the_other_is_not():
    flows = {flow["dst"]: flow for flow in case(CASE).truth["truth"]["flows"] if flow["purpose"] == "test"}
    assert flows["172.20.1.108"]["answered"] == COUNT
    within = REJECT_AFTER_S // INTERVAL_S + 1  # the first is sent at 0 s
    assert flows["172.20.2.33"]["answered"] == within < COUNT


def test_the_session_that_can_be_is_renewed_by_the_first_data_behind_120_s():
    first, second = sorted(pair("k8s-ctr", NEAR).handshakes, key=lambda one: one.time)
    assert (first.kind, second.kind, second.result) == ("first", "rekey", "answered")
    behind = seconds(second.time) - seconds(first.time)
    assert REKEY_AFTER_S <= behind <= REKEY_AFTER_S + INTERVAL_S


def test_the_one_that_cannot_be_is_tried_every_five_seconds_and_carries_nothing_behind_180_s():
    found = pair("k8s-ctr", FAR)
    tries = sorted(
        seconds(one.time) for one in found.handshakes if one.result == "unanswered" and one.initiator == "k8s-ctr"
    )
    apart = [after - before for before, after in zip(tries, tries[1:], strict=False)]
    assert len(tries) > 10 and all(REKEY_TIMEOUT_S <= one < REKEY_TIMEOUT_S + 1.5 for one in apart)
    (begun,) = [seconds(one.time) for one in found.handshakes if one.result == "answered"]
    last = max(seconds(one.last) for one in found.sessions)
    assert begun + REKEY_AFTER_S < last <= begun + REJECT_AFTER_S + 1
    assert {one.kind for one in found.troubles if one.initiator == "k8s-ctr"} == {"filtered"}


def test_empty_messages_do_not_keep_packets_from_being_found_in_their_datagrams():
    found = pair("k8s-ctr", NEAR)
    assert sum(one.keepalives for one in found.sessions) > 5
    assert found.unmatched_inner == 0 and all(one.possible == 0 for one in found.inner)
