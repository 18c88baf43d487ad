from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from captools.report.renderers.ladder_svg import describe, draw
from captools.views.ladder import Ladder, ladder_of_path
from captools.views.request_ladder import ladder_of_request


def _ladder(sample, name: str) -> Ladder:
    analysis = getattr(sample, name)()
    return ladder_of_path(analysis.paths[0], analysis.cluster)


def _texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("text")]


@pytest.mark.parametrize("name", ["s1", "s2", "s8", "hostile"])
def test_the_drawing_is_well_formed_and_stays_inside_its_frame(sample, name):
    root = ElementTree.fromstring(draw(_ladder(sample, name), 1))
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    for element in root.iter():
        assert 0 <= float(element.attrib.get("x", 0)) <= width
        assert 0 <= float(element.attrib.get("y", 0)) <= height
        assert 0 <= float(element.attrib.get("cx", 0)) <= width


def test_one_lane_per_point_and_one_arrow_per_hop(sample):
    root = ElementTree.fromstring(draw(_ladder(sample, "s2"), 1))
    kinds = [element.attrib.get("class", "") for element in root.iter()]
    assert kinds.count("lane") == 8
    assert sum(kind.startswith("arrow") for kind in kinds) == 14
    assert sum(kind.startswith("tube") for kind in kinds) == 8


def test_changes_delays_and_vni_stand_in_the_drawing(sample):
    texts = _texts(draw(_ladder(sample, "s2"), 1))
    assert texts.count("encapsulated") == 2
    assert texts.count("routed") == 2
    assert "VXLAN (tcpdump: OTV, instance 45966)" in texts
    assert "+23.0 µs" in texts
    assert [name for name in ("k8s-ctr", "router", "k8s-w0") if name in texts] == ["k8s-ctr", "router", "k8s-w0"]


def test_a_lost_packet_ends_in_a_cross(sample):
    svg = draw(_ladder(sample, "s1"), 1)
    assert 'class="cross"' in svg
    assert "never seen again" in _texts(svg)
    assert 'class="cross"' not in draw(_ladder(sample, "s2"), 1)


def test_both_legs_of_a_request_are_drawn_with_the_proxy_between(sample):
    analysis = sample.s8()
    ladder = ladder_of_request(analysis.requests[0], analysis)
    assert ladder is not None
    texts = _texts(draw(ladder, 1))
    assert "→ client leg, request way" in texts
    assert "proxied" in texts
    assert any(text.startswith("proxy on k8s-w1: its own connection from 172.20.1.35") for text in texts)


def test_an_arrow_head_belongs_to_its_own_drawing(sample):
    svg = draw(_ladder(sample, "s2"), 7)
    assert 'id="tip7"' in svg
    assert "url(#tip)" not in svg


def test_ten_points_and_hostile_names_fit(sample):
    analysis = sample.s2()
    path = analysis.paths[0]
    hops = tuple(
        replace(hop, point=f"node{number // 3}/{'x' * 40}{number}") for number, hop in enumerate(path.hops[:10])
    )
    texts = _texts(draw(ladder_of_path(replace(path, hops=hops), analysis.cluster), 1))
    assert all(len(text) < 60 for text in texts)


def test_the_picture_is_told_in_words_too(sample):
    words = describe(_ladder(sample, "s1"))
    assert "request way: k8s-ctr/lxc0f41c9e2b7a3, then k8s-ctr/eth1 (routed)" in words
    assert "Outcome: lost." in words
