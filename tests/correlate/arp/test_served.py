"""Served: whose an address was before anybody spoke for it, by the packets that went to it and came back."""

from __future__ import annotations

from dataclasses import replace

from captools.model.arp import Claim
from tests.correlate.arp_segment import CLUSTER, MACS, MS, ROUTER, START, A, B, Segment, node

SYN_ACK = 0x12


def claims_of(talk: Segment, cluster=CLUSTER) -> list[Claim]:
    return list(talk.chatter(6000).resolution(cluster).claims)


def called(ms: float, to: str = A, **options) -> Segment:
    return Segment(**options).call(ms, to).call(ms + 0.2, to, back=True, flags=SYN_ACK)


def test_a_machine_that_clients_knew_from_before_had_the_address():
    before, claim = claims_of(called(100).announce(3000, B))
    assert (before.node, before.mac, before.served, before.answers, before.gratuitous) == (A, MACS[A], 1, 0, 0)
    assert (before.first_ns - START) // MS == 100 and claim.node == B
    assert {proof.point for proof in before.evidence} == {f"{A}/eth1", f"{ROUTER}/eth1"}


def test_the_gap_begins_with_the_last_packet_from_the_old_machine():
    talk = called(100).call(1000, A, sport=2).announce(3000, B)
    (gap,) = talk.chatter(6000).resolution().gaps
    assert (gap.since_ns - START) // MS == 100 and (gap.first_ns - START) // MS == 1000
    assert [(one.sport, one.fate) for one in gap.broken] == [(2, "unanswered")]


def test_the_machine_that_speaks_is_told_once():
    assert [one.served for one in claims_of(called(100).announce(3000, A))] == [0]
    assert [one.served for one in claims_of(Segment().resolve(0, A).call(100, A).call(101, A, back=True))] == [0]


def test_answers_alone_may_come_from_anywhere():
    # Direct server return: the request went to one machine, the answer came from another.
    talk = Segment().call(100, B).call(100.2, A, back=True, flags=SYN_ACK).announce(3000, B)
    assert [one.node for one in claims_of(talk)] == [B]


def test_one_that_goes_on_answering_was_not_relieved():
    talk = called(100).announce(2000, B).call(5000, A).call(5000.2, A, back=True, flags=SYN_ACK)
    assert [one.node for one in claims_of(talk)] == [B]


def test_a_router_only_passes_on_what_comes_from_others():
    outside = replace(CLUSTER, nodes=(node(ROUTER), node(A, in_cluster=False), node(B)))
    assert [one.node for one in claims_of(called(100).announce(3000, B), outside)] == [B]
    unknown = replace(CLUSTER, nodes=(node(ROUTER), node(B)))
    assert [one.node for one in claims_of(called(100).announce(3000, B), unknown)] == ["", B]


def test_without_any_claim_there_is_no_takeover():
    assert claims_of(called(100).ask(3000)) == []
