"""One request as a story."""

from __future__ import annotations

from captools.model.evidence import Confidence, Evidence
from captools.model.findings import Finding, Severity
from captools.views.story import (
    closing,
    of_packet,
    of_path,
    of_request,
    path_of_packet,
    paths_of_request,
    through_proxy,
)
from tests.correlate.material import FINE, S8, material

# Loaded before the tests of this room forbid opening files.
INGRESS, DIRECT = material(S8), material(FINE)
FORGED, DENIED = material("xff-forged"), material("s9-ingress-denied")


def test_the_story_names_both_legs_the_proxy_and_every_point():
    lines = "\n".join(through_proxy(INGRESS.analysed()))
    for word in ("asked by 192.168.10.200", "Client leg 192.168.10.200:", "Proxy on k8s-w1", "X-Forwarded-For 192.168.10.200",
                 "(ingress)", "Backend leg 172.20.1.35:", "router/eth1", "k8s-w1/eth1", "lxc"):  # fmt: skip
        assert word in lines, word


def test_what_a_proxy_made_of_x_forwarded_for_is_said_as_it_was():
    analysis = FORGED.analysed()
    told = {one.path: "\n".join(of_request(analysis, one)) for one in analysis.requests}
    assert "adds 192.168.10.200 to X-Forwarded-For 203.0.113.9," in told["/forged"]
    assert "writes X-Forwarded-For 192.168.10.100," in told["/honest"]
    assert "hands X-Forwarded-For 203.0.113.9 on as it came," in told["/kept"]
    assert "writes no X-Forwarded-For," in told["/unnamed"]


def test_a_proxy_that_answers_itself_asks_nobody():
    analysis = DENIED.analysed()
    (first, *_) = analysis.requests
    text = "\n".join(of_request(analysis, first))
    assert "Proxy on k8s-w1: answers itself after" in text and "Backend leg" not in text


def test_without_a_proxy_it_says_so():
    assert through_proxy(DIRECT.analysed()) == ["No request through a proxy was captured on both of its legs."]


def test_a_direct_request_has_one_leg():
    analysis = DIRECT.analysed()
    lines = "\n".join(of_request(analysis, analysis.requests[0]))
    assert "Client leg" in lines and "Proxy" not in lines and "Backend leg" not in lines


def test_a_conversation_is_told_with_its_way_in_words_and_its_notes():
    analysis = DIRECT.analysed()
    path = next(one for one in analysis.paths if one.flow.dport == 80 and one.flow.dst == "172.20.2.33")
    lines = of_path(analysis, path)
    assert lines[0].startswith(f"172.20.0.88:{path.flow.sport} -> 172.20.2.33:80 tcp  (default/curl-pod to ")
    assert sum(line.startswith("      6 points from ") for line in lines) == 2  # there and back
    assert any(line.startswith("  TCP: handshake in ") for line in lines)


def test_a_packet_is_told_with_the_conversation_it_is_part_of():
    analysis = DIRECT.analysed()
    for path in analysis.paths:
        assert path_of_packet(analysis, path.hops) is path
    path = analysis.paths[-1]
    lines = of_packet(analysis, path.hops, path)
    assert lines[0] == "The way of this packet, over all points:" and f"  {path.flow}" in "\n".join(lines)
    assert "It is part of:" not in of_packet(analysis, path.hops, None)


def test_the_conversations_of_a_request_are_those_of_its_legs_each_once():
    analysis = INGRESS.analysed()
    for request in analysis.requests:
        paths = paths_of_request(analysis, request)
        leg = request.client_leg
        assert (paths[0].flow.src, paths[0].flow.sport) == (leg.src, leg.sport)
        assert len(paths) == 2 and paths[1].flow.dst == request.backend.ip


def test_findings_close_a_story_with_their_next_step():
    found = Finding(
        rule="refused", severity=Severity.WARNING, confidence=Confidence.LIKELY, statement="It was refused.",
        remedy="look at it", evidence=(Evidence(point="p", file="f", sha256="", frames=(4,), shows=""),),
    )  # fmt: skip
    assert closing([found]) == [
        "Findings that touch it:", "  WARNING refused  (likely)", "    It was refused.", "    Next: look at it",
        "Their proofs: captools findings SOURCE...",
    ]  # fmt: skip
    assert "  WARNING refused  (likely; this frame is part of its proof)" in closing([found], frozenset({("f", 4)}))
    assert closing([], frozenset()) == ["No finding touches it."]
