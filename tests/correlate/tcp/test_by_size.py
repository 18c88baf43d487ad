"""By size: only what is larger than anything that passed at the same place is lost for its size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.tcp.by_size import SMALLEST_MTU, by_size
from captools.model.analysis import Analysis
from captools.model.paths import Path
from captools.model.tcp import Stuck
from tests.correlate.tcp.conversation import ALL, Talk

BACK = ALL[::-1]


def hole(*, points: int = len(ALL), large: int = 1448) -> Talk:
    """B's answer of ``large`` bytes is seen at the first three points of its way, of those captured near B."""
    seen, back = ALL[len(ALL) - points :], BACK[:points]
    talk = Talk().opened(*seen)
    talk.a(5, *seen, size=60)
    talk.b(6, *back, ack=61, size=200)
    talk.a(7, *seen, seq=61, ack=201)
    for number in range(4):
        talk.b(10 + 200 * (2**number - 1), *back[:3], seq=201, ack=61, size=large)
    return talk


def with_another(talk: Talk, *points: str, size: int, announced: bool = True) -> Analysis:
    """Let B bring ``size`` bytes to A in one packet over another connection, seen at ``points`` of its way."""
    other = Talk(sport=40_001, idents=500)
    if announced:
        other.opened(*points[::-1], ms=100)
    other.a(119, *points[::-1], size=10)
    other.b(120, *points, size=size, ack=11)
    other.a(121, *points[::-1], seq=11, ack=1 + size)
    for point, frames in other.points.items():
        talk.points[point] += frames
    return talk.analysed()


def judged(analysis: Analysis, **changes: object) -> bool:
    """Return whether size is the reason of what is stuck, after some ``changes`` of what is known of it."""
    (one,) = analysis.tcp.stuck
    (found,) = by_size([replace(one, for_its_size=False, **changes)], analysis.tcp.table, analysis.paths)  # type: ignore[arg-type]
    return found.for_its_size


@pytest.mark.parametrize(("changes", "size"), [
    ({}, True),
    ({"smallest_lost": SMALLEST_MTU + 1}, True),
    ({"smallest_lost": SMALLEST_MTU}, False),
    ({"largest_passed": 1499}, True),
    ({"largest_passed": 1500}, False),
    ({"largest_passed": 0}, False),
    ({"keepalive": True}, False),
    ({"payload_bytes": 0}, False),
])  # fmt: skip
def test_size_is_the_matter_only_where_all_that_is_lost_is_larger_than_all_that_passed(changes, size):
    assert judged(hole().analysed(), **changes) is size


@pytest.mark.parametrize("points", [len(ALL), 1])
def test_the_analysis_says_it_itself_whether_the_place_is_known_or_not(points):
    (one,) = hole(points=points).analysed().tcp.stuck
    assert bool(one.missed) is (points > 1) and one.for_its_size


def test_packets_as_large_of_another_connection_that_came_by_both_points_are_against_it():
    assert not judged(with_another(hole(), *BACK, size=1448))
    assert judged(with_another(hole(), *BACK, size=1447))


def test_packets_as_large_that_only_the_point_behind_the_loss_saw_came_another_way():
    assert judged(with_another(hole(), *BACK[3:], size=1448))


def test_where_the_place_is_unknown_packets_between_the_same_two_are_against_it():
    assert not judged(with_another(hole(points=1), BACK[0], size=1448))


@pytest.mark.parametrize(("size", "announced"), [(2896, True), (1448, False)])
def test_a_super_frame_came_in_pieces_that_nobody_knows(size, announced):
    assert judged(with_another(hole(points=1), BACK[0], size=size, announced=announced))


class Asked(tuple[Path, ...]):
    """Paths that count how often they were looked at."""

    times = 0

    def __getitem__(self, at):  # type: ignore[no-untyped-def]
        Asked.times += 1
        return super().__getitem__(at)


def looked_at(analysis: Analysis, number: int) -> int:
    """Return how often paths are looked at where so many connections are stuck."""
    (one,) = analysis.tcp.stuck
    Asked.times = 0
    found: tuple[Stuck, ...] = by_size(
        [replace(one, for_its_size=False)] * number, analysis.tcp.table, Asked(analysis.paths)
    )
    assert len({each.for_its_size for each in found}) == 1
    return Asked.times


def test_a_place_is_looked_at_once_however_many_are_stuck_there():
    analysis = with_another(hole(), *BACK, size=1448)
    assert looked_at(analysis, 200) == looked_at(analysis, 1) > 0
