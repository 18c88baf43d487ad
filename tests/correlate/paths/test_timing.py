"""Times between sightings carry the error of the clocks that told them."""

from __future__ import annotations

from captools.correlate.clocks.clocks import Clocks
from captools.correlate.clocks.settle import settle
from captools.correlate.paths.timing import Timing
from tests.correlate.paths.scenes import Scene, ping, pinged


def test_on_one_node_the_time_is_exact_and_between_two_it_lies_within_its_error():
    rows = pinged(Scene({}), 5, 1).read().rows()
    settled = settle(rows, "a")
    timing = Timing(settled.rows, settled.clocks)
    at = {rows.point(row): row for row in range(len(rows)) if rows.address("src", row) == "10.0.1.5"}
    # The stamps are whole microseconds.
    assert timing.delay(at["a/lxca"], at["a/eth0"]) == (10_000, 999)
    delay, error = timing.delay(at["a/eth0"], at["r/eth1"])
    assert delay is not None and error and abs(delay - 10_000) <= error


def test_clocks_that_nothing_ties_together_give_no_time():
    scene = Scene({})
    scene.sees(0, ping(1), "a__eth0", "b__eth0")
    rows = scene.read().rows()
    assert Timing(rows, Clocks({})).delay(0, 1) == (None, None)
