"""The scoreboard's arithmetic: one finding answers one expectation, whatever their order."""

from __future__ import annotations

from captools.lab.board import as_text, score
from captools.model.evidence import Confidence, Coverage, Evidence
from captools.model.findings import Finding, Severity


def finding(rule="refused", confidence=Confidence.PROVEN, point="n/eth1", **subject):
    return Finding(
        rule=rule, severity=Severity.WARNING, confidence=confidence, statement=f"{rule} of {subject}", subject=subject,
        evidence=(Evidence(point=point, file="x.pcap", sha256="", frames=(1,), filter="frame.number==1", shows="x"),),
        coverage=Coverage(points=("n/eth2",)),
    )  # fmt: skip


def case(*expected):
    return {"id": "s0", "findings": {"expected": list(expected)}}


def test_all_that_was_wanted_and_nothing_else_is_right():
    board = score(case({"rule": "refused", "subject": {"dst": "b"}}), [finding(dst="b", src="a")])
    assert board.right and (board.expected, board.found) == (1, 1)


def test_a_finding_answers_one_expectation_only():
    board = score(case({"rule": "refused"}, {"rule": "refused"}), [finding(dst="b")])
    assert len(board.missing) == 1 and not board.false


def test_the_order_does_not_decide_which_finding_answers_which():
    wide, narrow = {"rule": "refused"}, {"rule": "refused", "subject": {"dst": "b"}}
    assert score(case(wide, narrow), [finding(dst="b"), finding(dst="c")]).right


def test_an_optional_one_takes_nothing_from_what_has_to_come():
    may, must = {"rule": "refused", "optional": True}, {"rule": "refused", "subject": {"dst": "b"}}
    assert score(case(may, must), [finding(dst="b")]).right and score(case(must, may), [finding(dst="b")]).right
    assert score(case(may, must), [finding(dst="c")]).missing == ("refused (dst b)",)


def test_another_subject_point_word_or_confidence_is_missing_and_false():
    for wanted in (
        {"subject": {"dst": "z"}},
        {"points": ["n/eth9"]},
        {"says": ["nobody"]},
        {"confidence": "likely"},
    ):
        board = score(case({"rule": "refused", **wanted}), [finding(dst="b")])
        assert len(board.missing) == len(board.false) == 1, wanted
    assert score(case({"rule": "refused", "points": ["n/eth1", "n/eth2"]}), [finding()]).right


def test_an_optional_one_may_come_often_or_not_at_all():
    wanted = case({"rule": "retransmissions", "optional": True})
    assert score(wanted, []).right and score(wanted, []).expected == 0
    assert score(wanted, [finding("retransmissions"), finding("retransmissions")]).right


def test_what_nobody_expects_is_told_with_its_statement():
    text = as_text([score(case(), [finding(dst="b")])])
    assert "WRONG" in text and "s0: false refused: refused of {'dst': 'b'}" in text and "0 of 1 scenarios" in text
