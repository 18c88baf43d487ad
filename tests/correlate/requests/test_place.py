"""Where a request was seen, where its connection ends, and how long things took."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captools.correlate.requests.heads import Seen
from captools.correlate.requests.place import Places
from captools.model.cluster import Link, Node
from tests.correlate.requests.stage import CLUSTER, FRONT, INGRESS, W0_MAC
from tests.correlate.talk import MS, START, Ends, get, read

NEAR, FAR, OTHER = 0, 1, 2
NAMES = ("router/eth1", "k8s-w1/eth1", "k8s-w1/any")


@pytest.fixture
def places() -> Places:
    found = read(**{name.replace("/", "__").replace("-", "_"): [FRONT.ask(at, get(), ttl=64 - at)]
                    for at, name in enumerate(NAMES)})  # fmt: skip
    assert found.rows().points == list(NAMES)
    return Places(found.rows(), CLUSTER)


def seen(*sightings: tuple[int, float]) -> Seen:
    """Sightings: (point, ms)."""
    return Seen(
        [point for point, _ in sightings], [START + round(ms * MS) for _, ms in sightings],
        [point for point, _ in sightings], [64 - point for point, _ in sightings],
    )  # fmt: skip


def test_points_are_named_once_in_the_order_of_their_sightings(places):
    assert places.points(seen((NEAR, 0), (FAR, 1), (NEAR, 2))) == ("router/eth1", "k8s-w1/eth1")
    assert places.points(Seen()) == ()


def test_a_connection_ends_where_its_frames_are_addressed_to(places):
    assert places.end(7, seen((NEAR, 0))) == "k8s-w1"


def test_a_connection_that_leaves_the_cluster_ends_on_no_node_of_it():
    outside = Node(name="router", links=(Link(index=2, name="eth1", mac="02:00:00:00:09:01"),))
    away = Ends("172.20.2.33", 40000, "10.10.1.200", server_mac="02:00:00:00:09:01")
    found = read(
        k8s_w0__lxc1=[replace(away, server_mac=W0_MAC).ask(0, get())], k8s_w0__eth1=[away.ask(1, get(), ttl=63)]
    )
    known = replace(CLUSTER, nodes=(*CLUSTER.nodes, outside))
    (one,) = found.exchanges()
    assert Places(found.rows(), known).end(1, one.request.seen) is None
    inner = Seen.of(found.rows(), np.array([0]))
    assert Places(found.rows(), known).end(1, inner) == "k8s-w0"


def test_only_addresses_that_one_node_can_have_tell_a_node(places):
    assert (places.home(INGRESS), places.home("172.20.1.12"), places.home("10.0.2.15")) == ("k8s-w1", "k8s-w1", None)


def test_the_wait_is_measured_nearest_to_whoever_asked_where_both_were_seen(places):
    asked, answered = seen((NEAR, 0), (FAR, 1)), seen((FAR, 8), (NEAR, 10))
    assert places.waited_ns(asked, answered) == 10 * MS
    assert places.waited_ns(asked, answered, "k8s-w1") == 7 * MS
    assert places.waited_ns(seen((NEAR, 0), (FAR, 1)), seen((FAR, 8))) == 7 * MS
    assert places.waited_ns(seen((NEAR, 0)), seen((FAR, 8))) is None
    assert places.waited_ns(seen((NEAR, 9)), seen((NEAR, 8))) is None


def test_the_time_inside_is_what_lies_between_the_legs_on_the_proxys_node(places):
    asked, forwarded = seen((NEAR, 0), (FAR, 1)), seen((FAR, 3), (NEAR, 3.5))
    answered, returned = seen((NEAR, 8), (FAR, 9)), seen((FAR, 13), (NEAR, 14))
    assert places.inside_ns("k8s-w1", asked, forwarded, answered, returned) == (2 + 4) * MS
    assert places.inside_ns(None, asked, forwarded, answered, returned) is None
    assert places.inside_ns("k8s-w0", asked, forwarded, answered, returned) is None


def test_a_request_that_came_again_after_it_was_sent_on_does_not_count(places):
    asked, forwarded = seen((FAR, 1), (FAR, 200)), seen((FAR, 3))
    assert places.inside_ns("k8s-w1", asked, forwarded, seen((FAR, 9)), seen((FAR, 10))) == 3 * MS


def test_an_order_that_cannot_be_has_no_time(places):
    assert places.inside_ns("k8s-w1", seen((FAR, 5)), seen((FAR, 3)), seen((FAR, 9)), seen((FAR, 10))) is None


def test_where_no_point_saw_both_two_of_one_node_tell_the_wait(places):
    # eBPF host routing: the request at one pod's interface, the answer at the other's.
    assert places.waited_ns(seen((FAR, 1)), seen((OTHER, 4))) == 3 * MS
    assert places.waited_ns(seen((NEAR, 1)), seen((OTHER, 4))) is None, "two nodes, two clocks"
    assert places.waited_ns(seen((FAR, 4)), seen((OTHER, 1))) is None, "an answer before the question is none"


def test_a_backend_that_answers_its_own_node_has_the_proxy_beside_it(places):
    assert places.beside("10.0.2.15", "172.20.1.108") == "k8s-w1"
    assert places.beside("192.168.10.101", "172.20.1.108") == "k8s-w1"
    assert places.beside("172.20.1.99", "172.20.1.108") is None, "an address that the node does not have"
    assert places.beside("10.0.2.15", "172.20.2.33") is None, "a node without an ingress of Cilium's"
    assert places.beside("10.0.2.15", "203.0.113.7") is None
