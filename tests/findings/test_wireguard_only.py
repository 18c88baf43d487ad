"""wireguard-only: said of pairs whose traffic was seen encrypted, by captures that could have seen a leak."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.encryption import ClassCount, Kind
from captools.model.evidence import Confidence
from captools.model.session import ToolCounts
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material

RULE = "wireguard-only"


def test_it_counts_data_messages_and_matched_inner_packets_of_every_pair(fired):
    found = fired(RULE, S13)
    assert {(one.subject["src"], one.subject["dst"]) for one in found} == {
        ("k8s-ctr", "k8s-w0"), ("k8s-ctr", "k8s-w1"), ("k8s-w0", "k8s-w1"),
    }  # fmt: skip
    assert all(one.confidence is Confidence.PROVEN and "no pod packet in clear" in one.statement for one in found)
    assert all("(seen at " in one.statement and "/eth1" in one.statement for one in found), "what was covered"
    assert all("wg.type == 4" in proof.filter for one in found for proof in one.evidence)


def test_inner_packets_without_a_datagram_are_not_passed_over_in_silence(fired):
    # The session of one pair was not renewed: what came after it waits, to the end of the capture.
    told = {(one.subject["src"], one.subject["dst"]): one.statement for one in fired(RULE, "wireguard-rekey")}
    assert "came so early or late that the datagram may lie outside" in told.pop(("k8s-ctr", "k8s-w0"))
    assert len(told) == 2 and not any("The other" in statement for statement in told.values())


def test_without_the_inner_side_it_is_likely_not_proven(fired):
    one = material(S13)
    for node in ("k8s-ctr", "k8s-w1", "k8s-w0"):
        one = one.without(f"{node}/cilium_wg0")
    found = fired(RULE, one.analysed())
    assert found and {each.confidence for each in found} == {Confidence.LIKELY}


@pytest.mark.parametrize("name", [S1, S2, S8, LEAK, FINE])
def test_it_is_silent_where_anything_was_readable_or_nothing_encrypted(fired, name):
    assert fired(RULE, name) == []


def test_a_card_that_lost_packets_could_have_missed_a_leak(fired):
    one = material(S13)
    lossy = ToolCounts(captured=9, received=10, dropped=1)
    sources = tuple(replace(s, counts=lossy) if s.point == "k8s-ctr/eth1" else s for s in one.sources)
    assert fired(RULE, replace(one, sources=sources).analysed()) == []


def test_what_nodes_themselves_say_in_clear_is_named_as_by_design(fired):
    analysis = material(S13).analysed()
    own = ClassCount(kind=Kind.NODE, sightings=8, packets=4, points=("k8s-ctr/eth1", "k8s-w1/eth1"))
    pairs = tuple(replace(pair, classes=(*pair.classes, own)) for pair in analysis.encryption.pairs)
    found = fired(RULE, replace(analysis, encryption=replace(analysis.encryption, pairs=pairs)))
    assert found and all(
        "4 packets of the nodes themselves stayed readable, by design" in one.statement for one in found
    )
    assert not any("by design" in one.statement for one in fired(RULE, S13))


def test_the_tunnels_headers_count_to_the_packets_that_datagrams_carry(fired):
    found = fired(RULE, "dual")
    assert len(found) == 3 and {one.confidence for one in found} == {Confidence.PROVEN}
