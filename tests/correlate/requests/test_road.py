"""The whole way, on the lab's recordings, changed in ways whose effect is known in advance."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.clocks.clocks import Clocks
from captools.correlate.requests.exchanges import exchanges
from captools.correlate.requests.join import join
from captools.correlate.requests.order import Timeline
from captools.model.evidence import Confidence
from captools.model.requests import Request
from tests.correlate.material import S8, Material, material
from tests.correlate.requests.stage import CLIENT, CLUSTER, behind, client, exchange
from tests.correlate.talk import get, read, reply
from tests.lines import lines_run

PROXY, TLS = "proxy-requests", "proxy-tls"
MS = 1_000_000
Told = dict[tuple[str, int, str, str], tuple[tuple[str, int], ...]]


def told(requests: tuple[Request, ...]) -> Told:
    """Every request with a client leg: its attempts."""
    return {
        (one.client_leg.src, one.client_leg.sport, one.path, one.request_id or ""): tuple(
            (attempt.src, attempt.sport) for attempt in one.attempts
        )
        for one in requests
        if one.client_leg is not None and one.attempts
    }


def wrong(changed: Material, name: str) -> Told:
    """The joins that the whole recording does not have; attempts that were not captured any more may be missing."""
    whole = told(material(name).analysed().requests)
    found = told(changed.analysed().requests)
    return {key: legs for key, legs in found.items() if not set(legs) <= set(whole.get(key, ()))}


@pytest.mark.parametrize("name", [S8, PROXY, TLS])
def test_the_order_of_rows_changes_nothing(name: str):
    whole = told(material(name).analysed().requests)
    assert told(material(name).shuffled(3).analysed().requests) == whole != {}


@pytest.mark.parametrize("name", [S8, PROXY])
@pytest.mark.parametrize("ahead", [MS, -100 * MS, 600_000 * MS])
@pytest.mark.parametrize("node", ["k8s-w1", "router", "k8s-w0"])
def test_a_clock_that_is_wrong_changes_no_join(name: str, node: str, ahead: int):
    changed = material(name).with_clock(node, ahead)
    assert told(changed.analysed().requests) == told(material(name).analysed().requests)


@pytest.mark.parametrize("name", [S8, PROXY, TLS])
@pytest.mark.parametrize(
    "point", ["k8s-w1/eth1", "router/eth1", "k8s-w0/eth1", "k8s-ctr/eth1", "k8s-w1/lxc4be40faccd59"]
)
def test_without_a_point_joins_may_be_missing_but_none_is_wrong(name: str, point: str):
    assert wrong(material(name).without(point), name) == {}


@pytest.mark.parametrize("name", [S8, PROXY, TLS])
@pytest.mark.parametrize("share", [0.1, 0.4])
def test_of_what_is_dropped_at_random_nothing_wrong_comes(name: str, share: float):
    whole = material(name)
    kept = np.flatnonzero(np.random.default_rng(7).random(len(whole.packets)) >= share)
    assert wrong(whole.where(kept), name) == {}


def test_a_point_that_is_seen_twice_adds_nothing():
    whole = material(PROXY)
    assert told(whole.doubled("k8s-w1/eth1").analysed().requests) == told(whole.analysed().requests)


def test_without_their_ids_and_answers_requests_at_once_are_told_as_groups_never_wrongly():
    frames = []
    for at in range(6):
        frames += exchange(client(at), at * 0.01, 10 + at * 0.01, get("/a"))
        frames += exchange(behind(at), 1 + at * 0.01, 9 + at * 0.01, get("/a", x_forwarded_for=CLIENT))
    found = read(k8s_w1__eth1=frames).analysed(CLUSTER).requests
    assert len(found) == 6 and all(one.confidence is Confidence.POSSIBLE and not one.attempts for one in found)
    for at, one in enumerate(found):
        assert 34000 + at in [attempt.sport for attempt in one.possible_attempts]


def cost(count: int) -> int:
    """Return the lines of Python that run to join so many requests, one every 2 ms, on pooled and single connections."""
    frames, head = [], get("/a", x_forwarded_for=CLIENT)
    for at in range(count):
        body = reply(200, b"number %d" % at)
        frames += exchange(client(at), at * 2, at * 2 + 13, get("/a"), body)
        frames += exchange(behind(at), at * 2 + 1, at * 2 + 10, head, body)
    found = read(k8s_w1__eth1=frames)
    rows, groups = found.rows(), found.groups()
    with lines_run() as lines:
        joined = joined_count(found, rows, groups)
    assert joined == count
    return lines()


def joined_count(found, rows, groups) -> int:
    made = exchanges(rows, found.http, groups)
    time = Timeline(Clocks({}), [one for each in made for one in (each.request, each.response) if one is not None])
    return sum(bool(one.attempts) for one in join(made, time))


def test_the_cost_grows_with_the_number_of_requests_not_with_its_square():
    assert cost(1_000) < 4 * 1.5 * cost(250)
