"""Hubble's own word: of this very connection, and a drop; nothing else counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings._hubble import dropped
from captools.inventory.hubble import read_compact
from captools.lab.scenarios.bpf_host_routing_drop import DENIED, SCENARIO, TARGET
from captools.model.analysis import Analysis
from tests.correlate.material import material

LINE = ("Nov 21 09:00:00.100 [k8s-w0]: default/curl-pod:{sport} (ID:45966) {arrow} default/{pod}:{dport} (ID:62886) "
        "Policy denied {verdict} (TCP Flags: SYN)")  # fmt: skip


def analysis(**changes: object) -> tuple[Analysis, int]:
    """Return the case with one line of Hubble's beside it, and the port that curl-pod called from."""
    one = material(SCENARIO.id)
    found = one.analysed()
    flow = next(path.flow for path in found.paths if (path.flow.src, path.flow.dst) == DENIED)
    words = {"sport": flow.sport, "pod": TARGET.name, "dport": 80, "verdict": "DROPPED", "arrow": "<>", **changes}
    told = tuple(read_compact(LINE.format(**words), "").hubble)
    return replace(found, cluster=replace(found.cluster, hubble=told)), flow.sport or 0


def said(one: Analysis) -> object:
    return dropped(one, next(path.flow for path in one.paths if (path.flow.src, path.flow.dst) == DENIED))


@pytest.mark.parametrize("verdict", ["DROPPED", "DENIED"])
def test_a_drop_of_this_connection_is_found(verdict):
    assert said(analysis(verdict=verdict)[0]) is not None


@pytest.mark.parametrize(
    "change", [{"sport": 1}, {"dport": 81}, {"pod": "other"}, {"verdict": "FORWARDED"}, {"arrow": "<-"}]
)
def test_another_connection_another_way_and_another_verdict_are_not(change):
    assert said(analysis(**change)[0]) is None


def test_without_hubble_there_is_no_word():
    assert said(material(SCENARIO.id).analysed()) is None


def test_the_finding_repeats_it(fired):
    (one,) = fired("lost-between-points", analysis()[0])
    assert "Hubble says so too: k8s-w0, Policy denied, DROPPED" in one.statement
    (one,) = fired("lost-between-points", analysis(sport=1)[0])
    assert "Hubble" not in one.statement
