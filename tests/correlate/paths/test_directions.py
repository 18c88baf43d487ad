"""Directions: the link type tells, else MAC addresses, else whose pods sent it."""

from __future__ import annotations

import numpy as np

from captools.correlate.analyse import point_roles
from captools.correlate.paths.directions import IN, OUT, UNKNOWN, Directions
from captures.build import ethernet
from tests.correlate.material import S1, S2, S13, material
from tests.correlate.paths.scenes import cluster, ping
from tests.correlate.talk import START, read


def told(name: str, point: str, src: str) -> set[int]:
    one = material(name)
    rows = one.sightings()
    some = np.array([row for row in range(len(rows)) if rows.point(row) == point and rows.address("src", row) == src])
    assert len(some)
    return set(Directions(rows, one.cluster, point_roles(rows, one.cluster)).of(some).tolist())


def test_a_nodes_own_mac_as_source_is_out_and_as_destination_is_in():
    assert told(S1, "k8s-ctr/eth1", "172.20.0.88") == {OUT}
    assert told(S1, "k8s-w1/eth1", "172.20.0.88") == {IN}
    assert told(S1, "router/eth0", "172.20.0.88") == {OUT}


def test_the_host_side_of_a_pods_interface_takes_in_what_the_pod_sends():
    assert told(S1, "k8s-ctr/lxca72ed626ec04", "172.20.0.88") == {IN}
    assert told(S1, "k8s-w1/lxc4be40faccd59", "172.20.0.88") == {OUT}


def test_inside_a_tunnel_the_outer_frame_counts():
    assert told(S2, "k8s-ctr/eth1", "172.20.0.88") == {OUT}
    assert told(S2, "k8s-w1/eth1", "172.20.0.88") == {IN}


def test_a_wireguard_device_has_no_addresses_but_a_node_with_pods():
    assert told(S13, "k8s-ctr/cilium_wg0", "172.20.0.88") == {OUT}
    assert told(S13, "k8s-w1/cilium_wg0", "172.20.0.88") == {IN}


def test_other_peoples_macs_tell_nothing():
    rows = read(a__eth0=[(START, ethernet(ping(1)))]).rows()
    assert Directions(rows, cluster(), {}).of(np.array([0])).tolist() == [UNKNOWN]
