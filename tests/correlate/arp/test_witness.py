"""Witness: at which point an ARP answer would have been seen, and from which on its absence tells something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from captools.correlate.arp.frames import arp_frames
from captools.correlate.arp.witness import Witness, on_link
from captools.correlate.paths.directions import Directions
from captools.model.cluster import Cluster, Route
from tests.correlate.arp_segment import CLUSTER, ROUTER, VIP, A, B, Segment, node

ASKED = (0, 1000, 2000)


def witness(talk: Segment, cluster: Cluster = CLUSTER, **changes):
    rows, coverage, prover = talk.tools(cluster, **changes)
    frames = arp_frames(rows)
    one = Witness(rows, frames, coverage, Directions(rows, cluster, coverage.roles))
    return one, np.flatnonzero(frames.asks), prover


def talk(**options) -> Segment:
    made = Segment(**options).chatter(4000)
    for ms in ASKED:
        made.ask(ms)
    return made


def test_the_seat_is_the_askers_own_interface():
    one, asks, _ = witness(talk())
    seat = one.seat(asks)
    assert seat is not None and (seat.point, seat.told) == (f"{ROUTER}/eth1", True)


def test_where_only_others_heard_the_question_there_is_no_seat():
    one, asks, _ = witness(talk(points=(f"{A}/eth1", f"{B}/eth1")))
    assert one.seat(asks) is None


def test_without_facts_the_machine_at_every_frames_end_is_the_asker():
    one, asks, _ = witness(talk(points=(f"{ROUTER}/eth1",)), Cluster())
    seat = one.seat(asks)
    assert seat is not None and (seat.point, seat.told) == (f"{ROUTER}/eth1", False)


def test_without_facts_two_machines_that_only_spoke_with_each_other_are_not_told_apart():
    both = Segment(points=(f"{ROUTER}/eth1",)).ask(0).call(10, A, target="192.168.10.100").call(20, A, back=True)
    one, asks, _ = witness(both, Cluster())
    assert one.seat(asks) is None


def test_what_makes_any_point_blind_makes_this_one_blind():
    one, asks, _ = witness(talk(), user_filter="not arp")
    seat = one.seat(asks)
    assert seat is not None and "filter" in one.blind(asks, seat, counted=False)
    for known, reason in ((True, "no counts"), (False, "")):
        one, asks, _ = witness(talk(), counts=Segment().sources()[0].counts.__class__())
        seat = one.seat(asks)
        assert seat is not None and reason in one.blind(asks, seat, counted=known)
        assert bool(one.blind(asks, seat, counted=known)) is bool(reason)


def test_a_question_at_the_very_end_was_not_waited_for():
    late = talk().ask(4001)
    one, asks, _ = witness(late)
    at_home = asks[one.frames.point[asks] == one.rows.points.index(f"{ROUTER}/eth1")]
    assert len(at_home) == 4 and len(one.waited_for(at_home, f"{ROUTER}/eth1")) == 3


def test_nodes_that_heard_the_question_and_could_have_answered_are_named():
    one, asks, prover = witness(talk())
    quiet, every = one.silent(asks, CLUSTER.nodes[1:], VIP, prover)
    assert [(each.node, each.point) for each in quiet] == [(A, f"{A}/eth1"), (B, f"{B}/eth1")] and every
    assert {proof.point for each in quiet for proof in each.evidence} == {f"{A}/eth1", f"{B}/eth1"}


def test_a_node_that_was_not_captured_may_have_answered():
    one, asks, prover = witness(talk(points=(f"{ROUTER}/eth1", f"{A}/eth1")))
    quiet, every = one.silent(asks, CLUSTER.nodes[1:], VIP, prover)
    assert [each.node for each in quiet] == [A] and not every


def test_only_a_node_on_the_link_may_answer():
    assert on_link(node(A), VIP)
    assert not on_link(node(A, routes=(Route(prefix="0.0.0.0/0", via="10.0.2.2", dev="eth0"),)), VIP)
    assert not on_link(node(A, routes=()), VIP)
    assert on_link(node(A, routes=(Route(prefix=f"{VIP}/32", dev="lo", table="local", kind="local"),)), VIP)
    # Of a table that changed during the capture either may have been in force.
    away = (Route(prefix="0.0.0.0/0", via="10.0.2.2", dev="eth0"),)
    assert on_link(node(A, routes=away, routes_at_end=node(A).routes), VIP)
    assert not on_link(node(A, routes=away, routes_at_end=(replace(away[0], dev="eth1"),)), VIP)
