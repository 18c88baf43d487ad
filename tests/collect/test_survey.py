"""Asking nodes what they are, without starting anything there."""

from __future__ import annotations

import time

import pytest

from captools.collect.readiness import clock_offset, readiness
from captools.collect.survey import survey
from captools.collect.targets import Target


def test_nobody_asked_nobody_answers():
    assert survey([]) == []


@pytest.mark.lab
def test_each_node_answers_for_itself_in_the_order_asked(node):
    gone = Target(name="gone", transport="netns", pid=4194303)
    found = survey([gone, node.target()])
    assert [one.target.name for one in found] == ["gone", "n1"]
    assert found[0].error is not None and str(found[0].error).startswith("gone: ")
    here = found[1]
    assert here.error is None and here.python.startswith("3.") and here.facts.hostname == "n1"
    assert "eth1" in {one.name for one in here.facts.interfaces}
    assert here.spool_free and here.capabilities is not None and here.capabilities >> 13 & 1
    offset, error = clock_offset(here)
    # One machine has one clock: the truth lies within what is told.
    assert offset is not None and error is not None and abs(offset) <= error
    assert readiness(here).state == "ready"
    assert node.wait_until_alone() == []


@pytest.mark.lab
def test_a_node_without_python_is_told_from_one_that_cannot_be_reached(node):
    node.hide("/usr/bin/python3")
    (found,) = survey([node.target()])
    assert found.error is None and found.python == "" and "tcpdump" in found.facts.tools
    judged = readiness(found)
    assert judged.state == "limited" and "a cut link loses data" in judged.fixes[0]


@pytest.mark.lab
def test_a_node_that_says_nothing_costs_no_more_than_the_time_given(node):
    target = node.sshd()
    text = (node.folder / "authorized").read_text()
    (node.folder / "authorized").write_text(f'command="sleep 60" {text}')
    begun = time.monotonic()
    (found,) = survey([target], timeout_s=2.0)
    assert found.error is not None and "no answer within 2 s" in str(found.error)
    assert time.monotonic() - begun < 15
