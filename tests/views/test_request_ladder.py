from __future__ import annotations

from dataclasses import replace

from captools.model.paths import Change
from captools.views.request_ladder import ladder_of_request, path_of_leg


def test_client_leg_and_backend_leg_make_one_ladder(sample):
    analysis = sample.s8()
    ladder = ladder_of_request(analysis.requests[0], analysis)
    assert ladder is not None
    assert [strand.title for strand in ladder.strands] == ["client leg, request way", "backend leg, request way"]
    assert [group.node for group in ladder.groups] == ["router", "k8s-w1", "k8s-w0"]
    assert "time inside the proxy node 423 µs" in ladder.strands[1].note
    assert ladder.strands[1].steps[0].hop.change is Change.PROXIED


def test_no_time_is_claimed_from_one_connection_to_the_other(sample):
    analysis = sample.s8()
    ladder = ladder_of_request(analysis.requests[0], analysis)
    assert ladder is not None
    assert [strand.steps[0].since_ns for strand in ladder.strands] == [0, 0]


def test_a_request_whose_packets_were_seen_nowhere_has_no_ladder(sample):
    analysis = sample.s8()
    assert ladder_of_request(analysis.requests[2], replace(analysis, paths=())) is None


def test_a_denied_request_shows_its_client_leg_alone(sample):
    analysis = sample.s8()
    denied = replace(analysis.requests[3], client_leg=analysis.requests[0].client_leg)
    ladder = ladder_of_request(denied, analysis)
    assert ladder is not None
    assert [strand.title for strand in ladder.strands] == ["request way"]
    assert "no backend" in ladder.subtitle


def test_a_leg_is_found_behind_a_translation_too(sample):
    analysis = sample.s8()
    leg = analysis.requests[0].client_leg
    assert leg is not None
    path = analysis.paths[0]
    renamed = replace(path, flow=replace(path.flow, src="203.0.113.9"))
    assert path_of_leg(leg, (renamed,)) is renamed
    assert path_of_leg(replace(leg, sport=1), (renamed,)) is None
