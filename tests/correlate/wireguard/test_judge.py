"""The judge: verdicts per pair of nodes and over all, with their coverage, counts and evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from captools.correlate.wireguard.judge import ByPair
from captools.model.cluster import Cluster, Route
from captools.model.encryption import Kind, Verdict
from captools.model.session import ToolCounts
from captools.pipeline import open_session
from tests.correlate.material import FINE, LEAK, S2, S13, material
from tests.correlate.sealed_talk import (
    CLUSTER,
    EAST,
    EAST_POD,
    WEST,
    WEST_POD,
    Frames,
    carried,
    data,
    ping,
    respond,
    talk,
)

SEALED: Frames = [data(ms, ms) for ms in range(5)]
CLEAR = carried(ping(1), 9)


def verdict(**points: Frames) -> Verdict:
    return talk(**points).encryption().verdict


def test_data_and_no_readable_pod_packet_is_encrypted():
    assert verdict(east__eth0=SEALED, west__eth0=SEALED) is Verdict.ENCRYPTED


def test_one_definite_frame_beside_data_is_a_leak_and_is_named_with_its_evidence():
    found = talk(east__eth0=[*SEALED, CLEAR]).encryption()
    (one,) = found.cleartext
    assert found.verdict is Verdict.LEAKING
    assert (one.src, one.dst, one.kind, one.packets, one.points) == (EAST_POD, WEST_POD, "pod", 1, ("east/eth0",))
    (proof,) = one.evidence
    assert (
        proof.frames == (6,)
        and proof.filter == f"frame.number == 6 && ip.src == {EAST_POD} && ip.dst == {WEST_POD} && icmp.type == 8"
    )


def test_pod_packets_without_any_wireguard_are_not_encrypted_unless_it_was_expected():
    plain = talk(east__eth0=[CLEAR])
    assert plain.encryption().verdict is Verdict.NOT_ENCRYPTED
    assert plain.encryption(expected=True).verdict is Verdict.LEAKING


def test_handshakes_and_keepalives_alone_prove_no_encryption():
    assert verdict(east__eth0=[respond(0, 1, 2), data(1, 0, 0)]) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"counts": ToolCounts(captured=5, received=6, dropped=1)}, {"counts": ToolCounts(captured=5, received=6, dropped=0)},
        {"user_filter": "udp port 51871"}, {"match": "x"}, {"damage": "cut at byte 7"}, {"text": "tcpdump"},
    ],
)  # fmt: skip
def test_a_card_that_could_have_missed_a_leak_proves_nothing_but_hides_none_either(changes):
    found = talk(east__eth0=SEALED).but("east/eth0", **changes).encryption()
    assert found.verdict is Verdict.UNKNOWN and found.pairs[0].verdict is Verdict.UNKNOWN
    assert found.pairs[0].coverage.startswith("seen at east/eth0; ")
    assert talk(east__eth0=[*SEALED, CLEAR]).but("east/eth0", **changes).encryption().verdict is Verdict.LEAKING


def test_between_two_nodes_a_point_on_the_way_is_not_enough():
    found = talk(router__eth1=SEALED).encryption()
    assert found.verdict is Verdict.UNKNOWN and "no card of east or west" in found.reason


def test_a_card_by_which_the_other_node_is_reached_must_be_among_the_captured_ones():
    route = (Route(prefix="192.168.10.0/24", dev="eth9"),)
    both = tuple(replace(node, routes=route) for node in CLUSTER.nodes)
    found = talk(replace(CLUSTER, nodes=both), east__eth0=SEALED).encryption()
    assert found.verdict is Verdict.UNKNOWN and "east/eth9" in found.reason
    by_eth0 = tuple(replace(node, routes=(replace(route[0], dev="eth0"),)) for node in CLUSTER.nodes)
    assert talk(replace(CLUSTER, nodes=by_eth0), east__eth0=SEALED).encryption().verdict is Verdict.ENCRYPTED


def test_a_route_that_changed_during_the_capture_leaves_it_open_by_which_card_the_rest_went():
    early, late = (Route(prefix="192.168.10.0/24", dev=dev) for dev in ("eth0", "eth9"))
    moved = tuple(replace(node, routes=(early,), routes_at_end=(late,)) for node in CLUSTER.nodes)
    found = talk(replace(CLUSTER, nodes=moved), east__eth0=SEALED).encryption()
    assert found.verdict is Verdict.UNKNOWN and "changed during the capture" in found.reason


def test_without_an_inventory_nobody_can_say_what_a_pod_packet_is():
    found = talk(Cluster(), east__eth0=SEALED).encryption()
    assert found.verdict is Verdict.UNKNOWN and "--inventory" in found.reason
    assert {found.pairs[0].a, found.pairs[0].b} == {EAST, WEST}


def test_wireguard_to_a_stranger_says_nothing_of_the_encryption_between_nodes():
    stranger = [data(ms, ms, dst="203.0.113.9") for ms in range(3)]
    found = talk(east__eth0=[*stranger, CLEAR]).encryption()
    assert found.verdict is Verdict.NOT_ENCRYPTED
    assert {(one.a, one.b): one.verdict for one in found.pairs} == {
        ("203.0.113.9", "east"): Verdict.UNKNOWN,
        ("east", "west"): Verdict.NOT_ENCRYPTED,
    }
    assert talk(east__eth0=[*stranger, *SEALED]).encryption().verdict is Verdict.ENCRYPTED


def test_pods_readable_on_their_own_devices_are_no_leak():
    inner = [(ts, frame[14:]) for ts, frame in [CLEAR]]
    found = talk(east__eth0=SEALED, east__lxc1=[CLEAR], east__cilium_wg0=inner, east__cali7=[CLEAR]).encryption()
    assert (found.verdict, found.cleartext) == (Verdict.ENCRYPTED, ())


def test_nodes_and_neighbours_are_listed_as_clear_and_change_no_verdict():
    own = carried(ping(3, src=EAST, dst=WEST), 9)
    found = talk(east__eth0=[*SEALED, own]).encryption()
    assert found.verdict is Verdict.ENCRYPTED
    assert [(one.src, one.dst, one.kind) for one in found.cleartext] == [(EAST, WEST, "node")]


def test_values_are_found_by_pair_in_either_order():
    found = ByPair.of([(2, 1, "a"), (1, 2, "b"), (1, 3, "c")])
    assert (found[1, 2], found[1, 3], found[2, 3]) == (("a", "b"), ("c",), ())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (S13, Verdict.ENCRYPTED),
        (LEAK, Verdict.LEAKING),
        (FINE, Verdict.NOT_ENCRYPTED),
        (S2, Verdict.NOT_ENCRYPTED),
    ],
)
def test_the_reference_cases(name, wanted):
    assert material(name).analysed().encryption.verdict is wanted


def test_every_frame_between_nodes_of_the_lab_has_a_class():
    found = material(S13).analysed().encryption
    assert {one.kind for pair in found.pairs for one in pair.classes} == {Kind.DATA, Kind.HANDSHAKE, Kind.ARP}
    rows = material(S13).sightings()
    cards = np.array([point.endswith(("eth1", "eth2")) for point in rows.points])[rows["point"]]
    counted = sum(one.sightings for pair in found.pairs for one in pair.classes)
    assert counted == int((cards & (rows["wg_type"] >= 0)).sum()) + 5  # and five ARP requests between two nodes


def test_the_leak_is_that_of_the_pod_and_only_in_the_direction_that_leaks():
    found = material(LEAK).analysed().encryption
    classes = {(one.src, one.dst): one.kind for one in found.cleartext}
    assert classes == {("172.20.0.88", "172.20.1.108"): "pod", ("172.20.0.43", "172.20.1.12"): "node"}
    assert {(one.a, one.b): one.verdict for one in found.pairs} == {
        ("k8s-ctr", "k8s-w0"): Verdict.ENCRYPTED,
        ("k8s-ctr", "k8s-w1"): Verdict.LEAKING,
        ("k8s-w0", "k8s-w1"): Verdict.ENCRYPTED,
    }


@pytest.mark.parametrize("name", [S13, LEAK, FINE])
def test_the_verdict_does_not_depend_on_the_order_of_rows_or_on_seeing_a_card_twice(name):
    one = material(name)
    whole = one.analysed().encryption
    for changed in (one.shuffled(1), one.doubled("k8s-ctr/eth1")):
        found = changed.analysed().encryption
        assert [(pair.a, pair.b, pair.verdict, pair.wireguard_packets) for pair in found.pairs] == [
            (pair.a, pair.b, pair.verdict, pair.wireguard_packets) for pair in whole.pairs
        ]


@pytest.mark.parametrize("ahead_s", [-600, -1, 0.25, 5])
def test_a_clock_that_is_ahead_changes_neither_verdict_nor_matches_nor_delays_beyond_their_bounds(ahead_s):
    one = material(S13)
    whole, found = (each.analysed().encryption for each in (one, one.with_clock("k8s-w1", round(ahead_s * 1e9))))
    assert found.verdict is Verdict.ENCRYPTED
    for before, after in zip(whole.pairs, found.pairs, strict=True):
        assert (after.matched_inner, after.unmatched_inner) == (before.matched_inner, before.unmatched_inner)
        for old, new in zip(before.crossings, after.crossings, strict=True):
            assert (new.matched, new.missing) == (old.matched, old.missing)
            assert abs(new.delay_min_ns - old.delay_min_ns) <= new.delay_error_ns + old.delay_error_ns


@pytest.mark.parametrize("point", ["k8s-w1/eth1", "k8s-ctr/eth1"])
def test_without_a_card_of_two_nodes_the_third_still_answers_for_both(point):
    assert material(S13).without(point).analysed().encryption.verdict is Verdict.ENCRYPTED


def test_without_the_cards_of_both_nodes_nobody_answers_for_them():
    found = material(S13).without("k8s-w1/eth1").without("k8s-ctr/eth1").analysed().encryption
    assert {(one.a, one.b): one.verdict for one in found.pairs} == {
        ("k8s-ctr", "k8s-w0"): Verdict.ENCRYPTED,
        ("k8s-ctr", "k8s-w1"): Verdict.UNKNOWN,  # the router saw one ask for the other's MAC address, nothing else
        ("k8s-w0", "k8s-w1"): Verdict.ENCRYPTED,
    }


TEXT_LOG = (
    Path(__file__).parents[4] / "shared/captures-real/text-logs/cilium-wireguard-2-any-51871-sll2.tcpdump-eni.txt"
)


@pytest.mark.skipif(not TEXT_LOG.is_file(), reason="the shared captures are not here")
def test_printed_datagrams_on_wireguards_port_are_not_taken_for_wireguard():
    found = open_session([TEXT_LOG]).analysis.encryption
    assert (
        (found.verdict, found.pairs) == (Verdict.UNKNOWN, ()) and "text log" in found.reason and "51871" in found.reason
    )
