"""Findings of two sessions: new, gone, both."""

from __future__ import annotations

from dataclasses import replace

from captools.model.evidence import Confidence
from captools.model.findings import Finding, Severity
from captools.views.diff.found import findings
from tests.views.diff.sessions import BROKEN, FINE, SEALED, VXLAN


def finding(**subject) -> Finding:
    return Finding(
        rule="refused", severity=Severity.WARNING, confidence=Confidence.PROVEN, statement="Refused.", subject=subject
    )


def test_a_fault_that_was_repaired_is_gone_and_one_that_came_is_new():
    assert [one.rule for one in findings(BROKEN, FINE).gone if one.severity is Severity.ERROR] == ["routing-black-hole"]
    assert [one.rule for one in findings(FINE, BROKEN).new if one.severity is Severity.ERROR] == ["routing-black-hole"]
    assert not findings(FINE, VXLAN).gone and {one.rule for one in findings(FINE, VXLAN).new} == {"vxlan-encapsulated"}


def test_the_same_findings_are_in_both_one_to_one():
    for session in (BROKEN, SEALED, VXLAN):
        found = findings(session, session)
        assert not found.new and not found.gone
        assert [one for one, _ in found.both] == [other for _, other in found.both] == list(session.findings)


def test_a_clients_port_and_a_replaced_pod_make_no_new_finding():
    a = replace(
        FINE, findings=(finding(src="172.20.0.88", sport=40000, dst="10.0.0.1", pod="default/web-697b545f57-2dg5m"),)
    )
    b = replace(
        FINE, findings=(finding(src="172.20.0.88", sport=50000, dst="10.0.0.1", pod="default/web-5d4f8c7b96-zz9x2"),)
    )
    assert len(findings(a, b).both) == 1


def test_another_end_port_or_place_is_another_finding_and_so_is_a_second_one():
    one = finding(src="172.20.0.88", dst="10.0.0.1", dport=80)
    for other in (
        finding(src="172.20.0.88", dst="10.0.0.2", dport=80),
        finding(src="172.20.0.88", dst="10.0.0.1", dport=81),
    ):
        found = findings(replace(FINE, findings=(one,)), replace(FINE, findings=(other,)))
        assert (found.gone, found.new, found.both) == ((one,), (other,), ())
    twice = findings(replace(FINE, findings=(one,)), replace(FINE, findings=(one, replace(one))))
    assert (len(twice.both), len(twice.new)) == (1, 1)
