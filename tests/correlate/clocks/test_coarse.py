"""Coarse alignment: near enough to match by, however far the clocks are apart; never by packets that may be others."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.clocks.coarse import align
from captools.correlate.sightings import sightings
from captools.model.packets import PACKETS
from tests.correlate.material import FINE, S2, S8, S13, material
from tests.correlate.talk import MS, START, Ends, get, read

S = 1_000_000_000
LINK = Ends("10.0.0.1", 4000, "10.0.0.2")


def later(frames, ahead_ns):
    return [(at + ahead_ns, frame) for at, frame in frames]


@pytest.mark.parametrize("name", [FINE, S2, S8, S13])
@pytest.mark.parametrize("ahead", [5 * S, -600 * S, 7_200 * S])
def test_a_clock_set_wrong_is_put_right_to_the_time_packets_take(name, ahead):
    one = material(name)
    times = align(one.with_clock("k8s-w0", ahead, 100).sightings(), "k8s-ctr", {})
    assert np.abs(times - one.sightings()["ts_ns"]).max() < 2 * MS


def test_the_reference_keeps_its_own_time():
    rows = material(S2).with_clock("k8s-ctr", 5 * S).sightings()
    times = align(rows, "k8s-ctr", {})
    mine = [at for at in range(len(rows)) if rows.node(at) == "k8s-ctr"]
    assert (times[mine] == rows["ts_ns"][mine]).all()


def test_a_clock_that_is_set_meanwhile_is_followed():
    frames = [LINK.ask(100 * at, get(), seq=1 + 100 * at) for at in range(60)]
    stepped = later(frames[:30], 0) + later(frames[30:], 5 * S)
    rows = read(a__eth0=frames, b__eth0=stepped).rows()
    times = align(rows, "a", {})
    wrong = np.abs(times[60:] - times[:60])
    assert (wrong > 500 * MS).sum() <= 1


def test_the_same_ping_seen_again_and_again_says_nothing():
    again = [LINK.ask(0, get())[1]] * 5
    rows = read(
        a__eth0=[(START + at * S, one) for at, one in enumerate(again)],
        b__eth0=[(START + 60 * S + at * S, one) for at, one in enumerate(again)],
    ).rows()
    assert (align(rows, "a", {}) == rows["ts_ns"]).all()


def test_readings_serve_where_no_packet_does():
    rows = read(a__eth0=[LINK.ask(0, get())], b__eth0=[LINK.ask(5_000, get("/other"), seq=900)]).rows()
    times = align(rows, "a", {"a": 7, "b": 5 * S + 7})
    assert (rows["ts_ns"] - times).tolist() == [0, 5 * S]
    assert (align(rows, "a", {"b": 5 * S}) == rows["ts_ns"]).all()  # against an unknown clock a reading says nothing


def test_behind_translation_the_sequence_numbers_tell():
    inside = [LINK.ask(0, get("/a")), LINK.ask(10, get("/b"), seq=200), LINK.ask(20, get("/c"), seq=400)]
    rows = read(a__eth0=inside, b__eth0=later(_renamed(inside), 600 * S)).rows()
    times = align(rows, "a", {})
    assert (times[3:] == times[:3]).all()


def _renamed(frames):
    """The same packets with another source address and port."""
    changed = []
    for at, frame in frames:
        ip = frame[14:26] + bytes((192, 0, 2, 1)) + frame[30:34] + (61000).to_bytes(2, "big") + frame[36:]
        changed.append((at, frame[:14] + ip))
    return changed


def test_one_clock_and_no_rows_are_left_alone():
    assert len(align(sightings(PACKETS.empty_table()), "a", {})) == 0
    rows = read(a__eth0=[LINK.ask(0, get())]).rows()
    assert (align(rows, "a", {}) == rows["ts_ns"]).all()
