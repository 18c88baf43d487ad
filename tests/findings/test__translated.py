"""Words about translated connections."""

from __future__ import annotations

from captools.findings._translated import proof, sure, talks, translators
from captools.model.evidence import Confidence, Evidence
from captools.model.flows import Flow
from captools.model.services import Rewriting


def rewriting(
    proto: int = 6,
    node: str = "n",
    between: tuple[str, str] = ("n/a", "n/b"),
    frame: int = 1,
    confidence: Confidence = Confidence.PROVEN,
) -> Rewriting:
    shown = tuple(Evidence(point=at, file=f"{at}.pcap", sha256="", frames=(frame,), shows="x") for at in between)
    return Rewriting(
        flow=Flow("a", "b", proto, 1, 2), src="a", sport=1, dst="c", dport=2, node=node, between=between, ts_ns=0,
        confidence=confidence, evidence=shown,
    )  # fmt: skip


def test_conversations_are_counted_by_what_they_are():
    assert talks([rewriting(6), rewriting(6), rewriting(1)]) == "2 connections and 1 ping"
    assert talks([rewriting(89)]) == "1 conversation"  # whatever protocol a frame names
    assert talks([rewriting(17), rewriting(58), rewriting(132)]) == "1 UDP conversation, 1 conversation and 1 ping"


def test_whoever_translated_is_named_and_counted_where_there_are_several():
    assert translators([rewriting(node="n")] * 3) == "n"
    assert translators([rewriting(node="n"), rewriting(node="m"), rewriting(node="n")]) == "m (1) and n (2)"


def test_where_no_capture_tells_who_translated_the_points_around_it_are_named():
    assert translators([rewriting(node="", between=("a/x", "b/y"))]) == "a machine between a/x and b/y"
    assert translators([rewriting(node="", between=("one", "one"))]) == "a machine that one does not name"


def test_several_such_places_are_not_told_one_by_one():
    several = [rewriting(node="", between=("a/x", "b/y")), rewriting(node="", between=("a/x", "c/z")), rewriting()]
    assert translators(several) == "machines that no capture names (2) and n (1)"


def test_all_of_them_are_as_sure_as_the_least_sure_one():
    assert sure([rewriting(), rewriting()]) is Confidence.PROVEN
    assert sure([rewriting(), rewriting(node="")]) is Confidence.LIKELY
    assert sure([rewriting(confidence=Confidence.POSSIBLE, node=""), rewriting()]) is Confidence.POSSIBLE


def test_proofs_are_told_once_and_end_somewhere():
    assert len(proof([rewriting(), rewriting()])) == 2
    assert len(proof([rewriting(frame=at) for at in range(20)])) == 12
