"""Verdicts: each needs what it claims, and doubt is said."""

from __future__ import annotations

import pytest

from captools.correlate.wireguard.verdicts import of_pair, overall, within
from captools.model.encryption import ClassCount, Encryption, Kind, Pair, Verdict


def counted(*kinds: Kind) -> tuple[ClassCount, ...]:
    return tuple(ClassCount(kind=kind, sightings=6, packets=3, points=("east/eth0",)) for kind in kinds)


@pytest.mark.parametrize(
    ("kinds", "blind", "on", "verdict"),
    [
        ([Kind.DATA], "", True, Verdict.ENCRYPTED),
        ([Kind.DATA, Kind.NODE, Kind.HEALTH, Kind.ARP, Kind.NEIGHBOUR, Kind.CONTROL], "", True, Verdict.ENCRYPTED),
        ([Kind.DATA], "a card lost packets", True, Verdict.UNKNOWN),
        ([Kind.KEEPALIVE, Kind.HANDSHAKE], "", True, Verdict.UNKNOWN),  # nothing shows that data ever flowed
        ([Kind.NODE], "", True, Verdict.UNKNOWN),
        ([Kind.DATA, Kind.POD], "", True, Verdict.LEAKING),
        ([Kind.POD], "", True, Verdict.LEAKING),  # WireGuard elsewhere in the cluster, or expected
        ([Kind.DATA, Kind.OVERLAY], "a card lost packets", True, Verdict.LEAKING),  # what was seen stays seen
        ([Kind.POD], "", False, Verdict.NOT_ENCRYPTED),
        ([Kind.OVERLAY], "", False, Verdict.NOT_ENCRYPTED),
        ([Kind.DATA, Kind.OTHER], "", True, Verdict.UNKNOWN),
        ([Kind.DATA, Kind.UNREAD], "", True, Verdict.UNKNOWN),
        ([Kind.DATA, Kind.IPSEC], "", True, Verdict.UNKNOWN),
        ([Kind.IPSEC, Kind.DECRYPTED], "", True, Verdict.UNKNOWN),
        ([], "", False, Verdict.UNKNOWN),
    ],
)
def test_of_two_nodes(kinds, blind, on, verdict):
    found, reason = of_pair(counted(*kinds), blind, on=on)
    assert found is verdict and reason
    assert not blind or verdict is Verdict.LEAKING or blind in reason


def test_node_traffic_in_clear_is_told_where_the_configuration_asks_for_more():
    assert "node encryption" in of_pair(counted(Kind.DATA, Kind.NODE), "", on=True, nodes_too=True)[1]
    assert "node encryption" not in of_pair(counted(Kind.DATA, Kind.NODE), "", on=True)[1]
    assert "node encryption" not in of_pair(counted(Kind.DATA), "", on=True, nodes_too=True)[1]


def pair(verdict: Verdict, *kinds: Kind, a: str = "east", b: str = "west") -> Pair:
    return Pair(
        a=a, b=b, wireguard_packets=3, cleartext_packets=6 * (Kind.POD in kinds), matched_inner=0, unmatched_inner=0,
        handshakes=(), coverage="", verdict=verdict, reason=f"why {verdict.value}", classes=counted(*kinds),
    )  # fmt: skip


GOOD, BAD = pair(Verdict.ENCRYPTED, Kind.DATA), pair(Verdict.LEAKING, Kind.POD, b="north")
PLAIN, DOUBT = pair(Verdict.NOT_ENCRYPTED, Kind.POD), pair(Verdict.UNKNOWN, Kind.DATA, Kind.OTHER, b="south")
IDLE = pair(Verdict.UNKNOWN, Kind.NODE, a="north")


@pytest.mark.parametrize(
    ("pairs", "weak", "verdict"),
    [
        ([GOOD], "", Verdict.ENCRYPTED),
        ([GOOD, IDLE], "", Verdict.ENCRYPTED),  # nothing flowed between the idle two that could be encrypted
        ([GOOD, DOUBT], "", Verdict.UNKNOWN),
        ([GOOD], "a card lost packets", Verdict.UNKNOWN),
        ([GOOD, BAD, DOUBT], "a card lost packets", Verdict.LEAKING),
        ([PLAIN, IDLE], "", Verdict.NOT_ENCRYPTED),
        ([IDLE], "", Verdict.UNKNOWN),
        ([], "", Verdict.UNKNOWN),
    ],
)
def test_of_all_nodes(pairs, weak, verdict):
    assert overall(tuple(pairs), weak, "nothing seen")[0] is verdict


def test_the_reason_names_the_pairs_it_is_about():
    assert "east and north" in overall((GOOD, BAD), "", "")[1]
    assert "east and south" in overall((GOOD, DOUBT), "", "")[1]
    assert overall((), "", "nothing seen")[1] == "nothing seen"


def test_what_nobody_looked_at_takes_back_that_all_is_encrypted_and_no_leak():
    pairs = tuple(
        Pair(a="a", b=verdict.value, wireguard_packets=1, cleartext_packets=0, matched_inner=0, unmatched_inner=0,
             handshakes=(), coverage="", verdict=verdict)
        for verdict in (Verdict.ENCRYPTED, Verdict.LEAKING)
    )  # fmt: skip
    good = Encryption(verdict=Verdict.ENCRYPTED, reason="all of it", pairs=pairs[:1])
    bad = Encryption(verdict=Verdict.LEAKING, reason="one of them", pairs=pairs)
    assert within(good, "") is good
    found = within(good, "3 of 9 pairs are not shown")
    assert found.verdict is Verdict.UNKNOWN is found.pairs[0].verdict and "3 of 9 pairs" in found.reason
    found = within(bad, "3 of 9 pairs are not shown")
    assert found.verdict is Verdict.LEAKING and found.reason == "one of them"
    assert [one.verdict for one in found.pairs] == [Verdict.UNKNOWN, Verdict.LEAKING]
