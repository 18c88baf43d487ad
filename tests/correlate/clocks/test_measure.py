"""Measuring: from matched packets to offsets that hold, contradictions that are named, and silence where it is due."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.clocks.bounds import Bounds
from captools.correlate.clocks.measure import DATAGRAMS, PACKETS, READING, measure
from captools.correlate.clocks.settle import settle
from captools.correlate.same.match import match
from captools.correlate.same.sure import LIKELY
from captools.model.addresses import to_bytes
from tests.correlate.material import FINE, LEAK, S2, S8, S13, material
from tests.correlate.talk import Ends, get, read, reply

US, MS, S = 1_000, 1_000_000, 1_000_000_000
NODES = ("k8s-ctr", "k8s-w0", "k8s-w1", "router")
PAIRS = [(a, b) for a in NODES for b in NODES if a < b]
LINK = Ends("10.0.0.1", 4000, "10.0.0.2")


def measured(one):
    rows = one.sightings()
    return measure(rows, match(rows))


@pytest.mark.parametrize("name", [FINE, S2, S8, S13, LEAK])
def test_lab_nodes_share_one_clock_and_every_bound_holds_that(name):
    told = measured(material(name))
    assert sorted(told.clocks.relations) == PAIRS
    for pair in PAIRS:
        offset, error = told.clocks.between(*pair)
        assert abs(offset) <= error < 20 * US
        drift, error = told.clocks.drift(*pair)
        assert abs(drift) <= error
    assert told.early == () and told.at_odds == () and told.one_sided == {}


def test_datagrams_alone_measure_where_everything_else_is_encrypted():
    told = measured(material(S13))
    assert told.clocks.method("k8s-ctr", "router") == DATAGRAMS
    offset, error = told.clocks.between("k8s-ctr", "router")
    assert abs(offset) <= error < 5 * US
    assert measured(material(S2)).clocks.method("k8s-ctr", "router") == PACKETS


def test_one_direction_alone_bounds_one_side_and_gives_no_offset():
    one = material(S2)
    pod = next(pod for pod in one.cluster.pods if pod.name == "curl-pod")
    rows = np.flatnonzero(np.array([value == to_bytes(pod.ip) for value in one.packets["src"].to_pylist()]))
    told = measured(one.where(rows))
    assert told.clocks.between("k8s-ctr", "k8s-w0") is None and told.clocks.relations == {}
    limit, upper = told.one_sided["k8s-ctr", "k8s-w0"]
    assert upper and 0 < limit < MS  # on one clock the way itself is all that it seems to take


def test_a_packet_that_arrives_before_it_was_sent_is_named():
    def point(ms, us):
        asked = [LINK.ask(at, get(), seq=1 + at) for at in range(0, 400, 10)]
        answered = [LINK.answer(at + 2, reply(), seq=1 + at) for at in range(0, 400, 10)]
        moved = [(at + 7 + way * us * US, frame) for way, part in ((1, asked), (-1, answered)) for at, frame in part]
        moved[7] = (moved[7][0] - ms * MS, moved[7][1])
        return moved

    rows = read(a__eth0=point(0, 0), b__eth0=point(1, 100)).rows()
    told = measure(rows, match(rows))
    (early,) = told.early
    assert (rows.point(early.sent), rows.point(early.received)) == ("a/eth0", "b/eth0")
    assert rows["seq"][early.sent] == rows["seq"][early.received] == LINK.isn + 1 + 70
    assert 700 * US < early.by_ns < 900 * US  # 1 ms early, less the 100 µs of the way and the error of about as much
    offset, error = told.clocks.between("a", "b")
    assert abs(offset) <= error < 150 * US


def test_stamps_that_make_no_sense_at_all_give_no_offset():
    random = np.random.default_rng(4)
    asked = [LINK.ask(at, get(), seq=1 + at, ttl=64) for at in range(0, 400, 5)]
    answered = [LINK.answer(at + 2, reply(), seq=1 + at, ttl=63) for at in range(0, 400, 5)]
    there = [(at + int(random.integers(-S, S)), frame[:22] + b"\x3f" + frame[23:]) for at, frame in asked]
    back = [(at + int(random.integers(-S, S)), frame[:22] + b"\x40" + frame[23:]) for at, frame in answered]
    rows = read(a__eth0=asked + answered, b__eth0=there + back).rows()
    told = measure(rows, match(rows))
    assert told.at_odds == (("a", "b"),) and told.clocks.between("a", "b") is None


def test_readings_tell_where_packets_do_not_and_packets_go_before_them():
    rows = material(S2).sightings()
    now = int(rows["ts_ns"].min())
    one, other = (
        Bounds.readings(*(np.array([now + part]) for part in (0, 50 * US + ahead, 100 * US))) for ahead in (0, S)
    )
    told = measure(rows, match(rows), {("", "elsewhere"): one, ("", "nowhere"): other, ("k8s-ctr", "router"): other})
    offset, error = told.clocks.between("elsewhere", "nowhere")
    assert abs(offset - S) <= error < 110 * US
    assert told.clocks.method("elsewhere", "nowhere") == READING
    assert told.clocks.between("k8s-ctr", "router")[0] < MS


@pytest.mark.parametrize("node", ["k8s-ctr", "k8s-w0", "router"])
@pytest.mark.parametrize("ppm", [0, 20, 100])
@pytest.mark.parametrize("ahead", [MS, -MS, 250 * MS, -250 * MS, 5 * S, -5 * S, 600 * S, -600 * S])
def test_a_clock_that_was_set_wrong_is_found_within_the_stated_error(node, ppm, ahead):
    one = material(S2)
    told = settle(one.with_clock(node, ahead, ppm).sightings(), "k8s-ctr").measured
    first, last = int(one.sightings()["ts_ns"].min()), int(one.sightings()["ts_ns"].max())
    for true in (first, (first + last) // 2, last):
        ran = {name: true + (ahead + (true - first) * ppm // 1_000_000 if name == node else 0) for name in NODES}
        for a, b in PAIRS:
            offset, error = told.clocks.between(a, b, ran[a])
            assert abs(offset - (ran[b] - ran[a])) <= error < 20 * US
    for a, b in PAIRS:
        drift, error = told.clocks.drift(a, b)
        assert abs(drift - ppm * ((b == node) - (a == node))) <= error + 0.01  # ppm of ppm


def test_where_no_packet_is_proven_likely_ones_serve():
    def without_id(frames, ttl):
        return [(at, frame[:18] + b"\0\0" + frame[20:22] + bytes((ttl,)) + frame[23:]) for at, frame in frames]

    asked, answered = [LINK.ask(0, get())], [LINK.answer(1, reply())]
    there, back = ([(at + us * US, frame) for at, frame in part] for part, us in ((asked, 500), (answered, -300)))
    near = without_id(asked, 64) + without_id(answered, 63)
    far = without_id(there, 63) + without_id(back, 64)
    rows = read(a__eth0=near, b__eth0=far).rows()
    matches = match(rows)
    assert set(matches.levels.tolist()) == {LIKELY}
    assert measure(rows, matches).clocks.between("a", "b", int(rows["ts_ns"][0]))[0] in range(99 * US, 101 * US)
