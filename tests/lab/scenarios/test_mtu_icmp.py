"""mtu-icmp: the router said so, everything was answered, and that is a note and no fault."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.mtu_icmp import LINK_MTU, SCENARIO
from captools.lab.topology import ROUTER_ADDRESSES
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)


def test_everything_was_answered():
    assert all(one["answered"] == one["sent"] for one in CASE.truth["truth"]["flows"])


def test_the_router_named_the_mtu_of_the_link():
    (word,) = material(SCENARIO.id).analysed().path_mtus
    assert (word.by, word.mtu) == (ROUTER_ADDRESSES["eth1"], LINK_MTU)
    assert word.largest_after <= LINK_MTU < word.refused_bytes


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
