"""The bridge: inner packets find their own datagrams, and nothing that is not theirs."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.sightings import ABSENT, Sightings
from captools.correlate.wireguard.align import LIKELY
from captools.correlate.wireguard.bridge import Bridge, bridge
from captools.correlate.wireguard.ends import Ends
from captools.correlate.wireguard.messages import messages
from captools.model.points import Role, role_of
from captures.build import ethernet, ipv4, tcp, udp, vxlan
from tests.correlate.material import LEAK, S13, Material, material
from tests.correlate.sealed_talk import (
    EAST,
    EAST_POD,
    WEST,
    WEST_POD,
    Frame,
    Talk,
    at,
    carried,
    data,
    ping,
    talk,
)


def carrier(bridged: Bridge, row: int) -> int | None:
    outer = int(bridged.outer_of[row])
    return None if outer == ABSENT else outer


def pairs(found: Talk) -> list[tuple[int, int | None]]:
    """Return (IP id, counter of the datagram) of each inner packet, in the order of the table."""
    rows, bridged = found.rows(), found.bridge()
    inner = np.flatnonzero(np.char.find(np.array(rows.points)[rows["point"]], "eth0") < 0)
    carriers = [(row, carrier(bridged, row)) for row in inner.tolist()]
    return [
        (int(rows["ip_id"][row]), None if outer is None else int(rows["wg_counter"][outer])) for row, outer in carriers
    ]


def inner(ms: float, seq: int, ip_len: int = 84, src: str = EAST_POD, dst: str = WEST_POD) -> Frame:
    return at(ms), ping(seq, ip_len, src, dst)


def test_packets_are_matched_by_size_order_and_time():
    found = talk(
        east__cilium_wg0=[inner(0, 1), inner(1, 2, 500), inner(2, 3)],
        east__eth0=[data(0.1, 40), data(1.1, 41, 500), data(2.1, 42)],
    )
    assert pairs(found) == [(1, 40), (2, 41), (3, 42)]
    (stream,) = [one for _, _, one in found.bridge().streams]
    assert (stream.node, stream.sender, stream.receiver, stream.matched, stream.likely) == (
        "east",
        "east",
        "west",
        3,
        3,
    )


def test_what_arrives_is_seen_as_a_datagram_first():
    found = talk(west__cilium_wg0=[inner(0.3, 1), inner(1.3, 2, 500)], west__eth0=[data(0, 7), data(1, 8, 500)])
    assert pairs(found) == [(1, 7), (2, 8)]


def test_a_datagram_that_follows_an_arriving_packet_does_not_carry_it():
    found = talk(west__cilium_wg0=[inner(0, 1)], west__eth0=[data(0.3, 7)])
    assert pairs(found) == [(1, None)] and found.bridge().unmatched


def test_directions_and_peers_are_kept_apart():
    found = talk(
        east__cilium_wg0=[inner(0, 1), inner(0.5, 2, src=WEST_POD, dst=EAST_POD)],
        east__eth0=[data(0.1, 40), data(0.4, 90, index=8, src=WEST, dst=EAST)],
    )
    assert pairs(found) == [(1, 40), (2, 90)]


def test_keepalives_carry_nothing():
    found = talk(east__cilium_wg0=[inner(0, 1)], east__eth0=[data(0.05, 40, 0), data(0.1, 41)])
    assert pairs(found) == [(1, 41)]


def test_a_missing_counter_is_the_datagram_of_the_packet_in_its_place():
    found = talk(east__cilium_wg0=[inner(0, 1), inner(1, 2), inner(2, 3)], east__eth0=[data(0.1, 40), data(2.1, 42)])
    assert pairs(found) == [(1, 40), (2, None), (3, 42)]
    (stream,) = [one for _, _, one in found.bridge().streams]
    assert (stream.matched, stream.unmatched, stream.possible) == (2, 1, 2)  # with a gap nothing is more than possible


def test_a_super_frame_is_carried_by_as_many_datagrams_as_it_has_segments():
    big = ipv4(
        tcp(bytes(3_000), sport=80, dport=50_000), src=EAST_POD, dst=WEST_POD, proto=6, ident=1
    )  # 40 bytes of headers: 1,380 to a segment
    found = talk(
        east__cilium_wg0=[(at(0), big), inner(1, 2)],
        east__eth0=[data(0.1, 40, 1_420), data(0.15, 41, 1_420), data(0.2, 42, 40 + 240), data(1.1, 43)],
    )
    assert pairs(found) == [(1, 40), (2, 43)]
    (stream,) = [one for _, _, one in found.bridge().streams]
    assert (stream.matched, stream.datagrams) == (2, 4)


def test_a_super_frame_of_which_a_segment_is_missing_stays_unmatched():
    big = ipv4(tcp(bytes(3_000), sport=80, dport=50_000), src=EAST_POD, dst=WEST_POD, proto=6, ident=1)
    found = talk(east__cilium_wg0=[(at(0), big)], east__eth0=[data(0.1, 40, 1_420), data(0.2, 42, 40 + 240)])
    assert pairs(found) == [(1, None)]


@pytest.mark.parametrize("device", ["cilium_vxlan", "lxc1234"])
def test_a_tunnels_headers_are_added_where_its_packets_are_seen_without_them(device):
    # VXLAN first, then WireGuard: the 84-byte ping is 134 bytes long when WireGuard gets it.
    sent = [carried(ping(1), 0), carried(ping(2, 500), 1)]
    found = talk(**{f"east__{device}": sent, "east__eth0": [data(0.1, 40, 134), data(1.1, 41, 550)]})
    assert pairs(found) == [(1, 40), (2, 41)]


def test_vxlan_on_the_wireguard_device_is_matched_by_the_whole_packet():
    packet = ipv4(udp(vxlan(ethernet(ping(5)), vni=77), sport=40_000, dport=8472), src=EAST, dst=WEST, proto=17)
    found = talk(east__cilium_wg0=[(at(0), packet)], east__eth0=[data(0.1, 40, 134)])
    assert pairs(found) == [(5, 40)]


def test_packets_that_stay_on_the_node_are_not_looked_for():
    found = talk(east__lxc1=[carried(ping(1, dst="10.1.0.6"), 0)], east__eth0=[data(0.1, 40)])
    assert pairs(found) == [(1, None)] and found.bridge().streams == []


def test_a_datagram_is_one_whatever_the_number_of_points():
    rows_at = [data(0.1, 40)]
    found = talk(east__cilium_wg0=[inner(0, 1)], east__eth0=rows_at, east__eth1=rows_at, west__eth0=[data(0.2, 40)])
    rows, bridged = found.rows(), found.bridge()
    assert pairs(found)[0] == (1, 40)
    assert rows.point(int(bridged.outer_of[0])).startswith("east/")  # at the packet's own node


def bridged_of(one: Material) -> tuple[Sightings, Bridge]:
    rows = one.sightings()
    ends = Ends(rows, one.cluster)
    cards = np.array([role_of(point.partition("/")[2]) is Role.NIC for point in rows.points])
    roles = {point: role_of(point.partition("/")[2]) for point in rows.points}
    return rows, bridge(rows, roles, one.cluster, ends, messages(rows, ends, cards))


def carriers(rows: Sightings, bridged: Bridge) -> dict[tuple[int, int, int], tuple[int, int, int]]:
    """Return by inner sighting (point, time, IP id) the datagram that carries it, and how sure that is."""
    matched = np.flatnonzero(bridged.outer_of >= 0)
    outer = bridged.outer_of[matched]
    keys = zip(rows["point"][matched], rows["ts_ns"][matched], rows["ip_id"][matched], strict=True)
    told = zip(rows["wg_receiver"][outer], rows["wg_counter"][outer], bridged.sure[matched], strict=True)
    return {(int(a), int(b), int(c)): (int(d), int(e), int(f)) for (a, b, c), (d, e, f) in zip(keys, told, strict=True)}


@pytest.mark.parametrize("name", [S13, LEAK])
def test_every_inner_packet_of_the_lab_finds_a_datagram_between_the_right_nodes(name):
    one = material(name)
    rows, found = bridged_of(one)
    matched = np.flatnonzero(found.outer_of >= 0)
    assert found.unmatched == [] and len(matched) > 90
    assert len(np.unique(found.outer_of[matched])) == len(matched)
    assert set(found.sure[matched].tolist()) == {LIKELY}
    for inside in matched.tolist():
        ends = [one.cluster.node_of_pod_address(rows.address(column, inside)) for column in ("src", "dst")]
        outer = carrier(found, inside)
        assert [rows.address(column, outer) for column in ("src", "dst")] == [node.internal_ip for node in ends]


@pytest.mark.parametrize("name", [S13, LEAK])
@pytest.mark.parametrize("lost", ["datagrams", "inner packets", "both"])
def test_with_packets_missing_hardly_any_match_is_wrong_and_none_that_is_called_likely(name, lost):
    one = material(name)
    rows, whole = bridged_of(one)
    truth = {key: value[:2] for key, value in carriers(rows, whole).items()}
    sealed = rows["wg_type"] >= 0
    device = np.array(["cilium_wg0" in point for point in rows.points])[rows["point"]]
    losing = {"datagrams": sealed, "inner packets": device, "both": sealed | device}[lost]
    right = wrong = sure_and_wrong = 0
    for seed in range(4):
        gone = losing & (np.random.default_rng(seed).random(len(rows)) < 0.1)
        for key, (index, counter, sure) in carriers(*bridged_of(one.where(np.flatnonzero(~gone)))).items():
            if truth[key] == (index, counter):
                right += 1
            else:
                wrong, sure_and_wrong = wrong + 1, sure_and_wrong + (sure == LIKELY)
    print(f"{name}, {lost}: {right} right, {wrong} wrong, of which {sure_and_wrong} likely")
    assert sure_and_wrong == 0 and wrong <= right // 200 and right > len(truth)


def test_pods_own_devices_give_the_same_datagrams_as_the_wireguard_device():
    one = material(S13)
    rows, whole = bridged_of(one)
    for point in [point for point in rows.points if "cilium_wg0" in point]:
        one = one.without(point)
    fewer, found = bridged_of(one)
    named = ("src", "dst", "ip_id", "seq", "icmp_seq", "icmp_type", "payload_len")

    def by_packet(table: Sightings, bridged: Bridge) -> dict[tuple[object, ...], tuple[int, int]]:
        told = {}
        for row in np.flatnonzero(bridged.outer_of >= 0).tolist():
            outer = carrier(bridged, row)
            texts = [table.address(one, row) for one in ("src", "dst")]
            key = (table.node(row), *texts, *(int(table[one][row]) for one in named[2:]))
            told[key] = int(table["wg_receiver"][outer]), int(table["wg_counter"][outer])
        return told

    truth, told = by_packet(rows, whole), by_packet(fewer, found)
    shared = truth.keys() & told.keys()
    wrong = [key for key in shared if truth[key] != told[key]]
    print(f"{len(shared) - len(wrong)} right, {len(wrong)} wrong, {len(told) - len(shared)} super-frames of their own")
    assert wrong == [] and len(shared) > 150


def test_empty_messages_between_two_packets_leave_no_gap_behind():
    # A burst beside a gap in the counters would be possible at best.
    found = talk(
        east__cilium_wg0=[inner(0, 1), inner(3_000, 2, 500)],
        east__eth0=[data(0.1, 40), data(1_500, 41, 0), data(1_501, 42, 0), data(3_000.1, 43, 500)],
    )
    assert pairs(found) == [(1, 40), (2, 43)]
    (stream,) = [one for _, _, one in found.bridge().streams]
    assert (stream.likely, stream.possible, stream.unmatched) == (2, 0, 0)
