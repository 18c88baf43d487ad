from __future__ import annotations

from dataclasses import replace

from captools.views.notable import notable_ladders


def test_what_was_lost_comes_first(sample):
    ladders = notable_ladders(sample.s1())
    assert ladders[0].outcome.value == "lost"


def test_a_request_is_shown_once_with_both_its_legs(sample):
    ladders = notable_ladders(sample.s8())
    assert [ladder.title for ladder in ladders] == ["GET 192.168.10.212/"]


def test_a_hundred_flows_over_the_same_points_make_one_picture(sample):
    analysis = sample.s2()
    path = analysis.paths[0]
    many = tuple(replace(path, flow=replace(path.flow, sport=40_000 + number)) for number in range(100))
    assert len(notable_ladders(replace(analysis, paths=many))) == 1


def test_there_is_nothing_to_draw_without_paths(sample):
    assert notable_ladders(sample.analysis()) == ()
