"""Inner packets: from the device that tells most, only what goes to or comes from another node, at its true length."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.sightings import Sightings
from captools.correlate.wireguard.ends import Ends
from captools.correlate.wireguard.inner import InnerPackets, inner_packets
from captools.correlate.wireguard.messages import groups
from captools.model.points import Role, role_of
from captures.build import ethernet, ipv4, tcp, udp, vxlan
from tests.correlate.sealed_talk import EAST, EAST_POD, WEST, WEST_POD, Talk, at, carried, data, ping, talk


def inner(found: Talk, node: str = "east") -> InnerPackets | None:
    rows: Sightings = found.rows()
    ends = Ends(rows, found.cluster)
    by_point = {point: members for (point,), members in groups(rows["point"])}
    roles = {point: role_of(point.partition("/")[2]) for point in rows.points}
    return inner_packets(rows, ends, roles, ends.place(node), by_point)


def test_the_wireguard_device_is_preferred_to_the_tunnel_and_that_to_pods():
    at_pod, at_tunnel = [carried(ping(1), 0)], [carried(ping(1), 0.1)]
    at_device = [(at(0.2), ping(1))]
    assert inner(talk(east__lxc1=at_pod)).role is Role.PODS
    assert inner(talk(east__lxc1=at_pod, east__cilium_vxlan=at_tunnel)).role is Role.TUNNEL
    every = talk(east__lxc1=at_pod, east__cilium_vxlan=at_tunnel, east__cilium_wg0=at_device)
    assert inner(every).role is Role.WIREGUARD


def test_a_device_that_shows_nothing_between_nodes_gives_way_to_the_next():
    local = [(at(0), ping(1, dst="10.1.0.9"))]
    assert inner(talk(east__cilium_wg0=local, east__lxc1=[carried(ping(2), 0)])).role is Role.PODS


def test_cards_and_other_nodes_devices_are_not_asked():
    assert inner(talk(east__eth0=[data(0, 0)], west__cilium_wg0=[(at(0), ping(1))])) is None


@pytest.mark.parametrize("ip_len", [84, 85, 1_420])
def test_the_length_is_that_of_the_ip_packet_whatever_the_link(ip_len):
    assert inner(talk(east__cilium_wg0=[(at(0), ping(1, ip_len))])).length.tolist() == [ip_len]
    assert inner(talk(east__lxc1=[carried(ping(1, ip_len), 0)])).length.tolist() == [ip_len]


def test_a_super_frame_that_says_no_length_has_that_of_its_frame():
    segment = tcp(bytes(70_000), sport=80, dport=50_000)
    big = ipv4(segment, src=EAST_POD, dst=WEST_POD, proto=6, total=0)
    found = inner(talk(east__cilium_wg0=[(at(0), big)]))
    assert found.length.tolist() == [70_040] and found.payload.tolist() == [70_000]


def test_vxlan_on_the_wireguard_device_runs_between_the_nodes_and_keeps_its_headers():
    packet = ipv4(udp(vxlan(ethernet(ping(1)), vni=77), sport=40_000, dport=8472), src=EAST, dst=WEST, proto=17)
    found = inner(talk(east__cilium_wg0=[(at(0), packet)]))
    assert found.length.tolist() == [84 + 50]


def test_packets_are_in_the_order_of_their_times():
    found = inner(
        talk(
            east__lxc2=[carried(ping(2), 1), carried(ping(4), 3)], east__lxc1=[carried(ping(1), 0), carried(ping(3), 2)]
        )
    )
    assert np.diff(found.ts).min() > 0 and len(found.row) == 4
