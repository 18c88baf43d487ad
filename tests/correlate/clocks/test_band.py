"""Bands: the true line of simulated clocks is always within, and the band is no wider than the packets leave it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.correlate.clocks.band import MAX_DRIFT, fit

US, S = 1_000, 1_000_000_000
NOW = 1_795_000_000 * S


def packets(*, level, ppm, seconds, count, seed, least=20 * US):
    """Seeming delays both ways between clocks of which the second is ``level`` ns ahead at NOW and gains ``ppm``."""
    random = np.random.default_rng(seed)
    sides = []
    for sign in (1, -1):
        at = NOW + np.sort(random.integers(0, seconds * S, count))
        delay = least + random.exponential(40 * US, count).astype(np.int64)
        sides += [at, level + (at - NOW) * ppm // 1_000_000 + sign * delay]
    return sides


@given(
    level=st.integers(-(10**12), 10**12), ppm=st.integers(-200, 200), seconds=st.sampled_from([1, 60, 86_400]),
    count=st.sampled_from([1, 3, 50, 2_000]), seed=st.integers(0, 1_000),
)  # fmt: skip
def test_the_truth_lies_within_the_error_at_every_time_of_the_capture_and_beyond(level, ppm, seconds, count, seed):
    band = fit(*packets(level=level, ppm=ppm, seconds=seconds, count=count, seed=seed))
    at = NOW + np.array([-seconds, 0, seconds // 2, seconds, 2 * seconds]) * S
    truth = level + (at - NOW) * ppm // 1_000_000
    assert (np.abs(band.offset(at) - truth) <= band.error(at) + 1).all()
    assert abs(band.slope - ppm * 1e-6) <= band.slope_error + 1e-12


def test_many_packets_leave_little_room():
    band = fit(*packets(level=250_000 * US, ppm=20, seconds=600, count=5_000, seed=1))
    at = np.array([NOW + 300 * S])
    assert band.error(at)[0] < 25 * US  # the shortest way takes 20 µs each way, and nothing can tell the two apart
    assert band.slope_error < 0.2e-6


def test_one_packet_each_way_bounds_the_offset_but_not_the_drift():
    at = np.array([NOW])
    band = fit(at, np.array([500 * US + 30]), at, np.array([500 * US - 10]))
    assert (band.offset(at)[0], band.error(at)[0]) == (500 * US + 10, 21)
    assert (band.slope, band.slope_error) == (0, MAX_DRIFT)
    assert band.error(at + S)[0] >= MAX_DRIFT * S


def test_there_and_back_again_is_the_same_time():
    band = fit(*packets(level=-(10**12), ppm=-100, seconds=60, count=100, seed=2))
    at = NOW + np.arange(0, 60 * S, S)
    assert np.abs(band.before(at + band.offset(at)) - at).max() <= 1


def test_packets_that_contradict_one_another_have_no_band():
    at = np.array([NOW, NOW + S])
    assert fit(at, np.array([10, 10]), at, np.array([20, 20])) is None
    steps = np.array([0, 5 * S])  # a clock that is set five seconds ahead is no drift
    assert fit(at, steps + 10, at, steps - 10) is None


def test_one_side_alone_is_an_error():
    none, at = np.empty(0, np.int64), np.array([NOW])
    with pytest.raises(ValueError, match="both sides"):
        fit(at, at, none, none)
