"""Clock offsets: bounded by packets in both directions, found again after a shift, never claimed without cause."""

from __future__ import annotations

import pytest

from captools.correlate.clocks import METHOD_READING, measure, offsets
from captools.correlate.match import match
from captools.model.session import ClockReading, Manifest, NodeRecord
from tests.correlate.material import FINE, S2, material

MS = 1_000_000


def clocks_of(one):
    rows = one.sightings()
    return measure(rows, match(rows))


@pytest.mark.parametrize("name", [FINE, S2])
@pytest.mark.parametrize("node", ["k8s-ctr", "k8s-w1", "k8s-w0"])
def test_one_clock_for_all_lab_nodes_lies_within_every_bound(name, node):
    between = clocks_of(material(name)).between("router", node)
    # Not every pair has packets with a TTL that orders them; where there is a bound it must hold zero.
    assert between is None or abs(between[0]) <= between[1]


@pytest.mark.parametrize("ahead", [37 * MS, -400 * MS])
def test_a_clock_that_was_set_wrong_is_found_within_its_error(ahead):
    offset, error = clocks_of(material(S2).with_clock("k8s-w0", ahead)).between("k8s-ctr", "k8s-w0")
    assert abs(offset - ahead) <= error < MS


def test_a_node_has_no_offset_to_itself_and_an_unseen_node_none_at_all():
    clocks = clocks_of(material(FINE))
    assert clocks.between("k8s-w1", "k8s-w1") == (0, 0)
    assert clocks.between("k8s-w1", "elsewhere") is None


def test_one_direction_alone_bounds_nothing():
    one = material(S2)
    src = one.packets["src"].to_pylist()
    pod = next(pod for pod in one.cluster.pods if pod.name == "curl-pod")
    import numpy as np

    from captools.model.addresses import to_bytes

    rows = np.flatnonzero(np.array([value == to_bytes(pod.ip) for value in src]))
    assert clocks_of(one.where(rows)).between("k8s-ctr", "k8s-w0") is None


def test_readings_over_the_channel_serve_where_packets_do_not():
    def node(name, ahead, trip):
        return NodeRecord(
            name=name, clock=(ClockReading(before_ns=1000, node_ns=1000 + trip // 2 + ahead, after_ns=1000 + trip),)
        )

    manifest = Manifest(id="x", captools="0", started="", nodes=(node("a", 0, 10), node("b", 500, 40)))
    empty = clocks_of(material(FINE).where(__import__("numpy").array([], int)))
    found = {one.node: one for one in offsets(empty, ["a", "b", "c"], "a", manifest)}
    assert (found["b"].offset_ns, found["b"].error_ns, found["b"].method) == (500, 25, METHOD_READING)
    assert (found["c"].offset_ns, found["c"].method) == (None, "")
