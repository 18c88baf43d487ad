"""path-mtu: a router's word that was heard and obeyed is no fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captools.pipeline import open_session
from tests.correlate.material import FINE, S1, material
from tests.correlate.tcp.test_told_mtu import refused

RULE, CASE = "path-mtu", "mtu-icmp"


def test_it_names_the_router_its_mtu_and_what_the_sender_made_of_it(fired):
    (one,) = fired(RULE, CASE)
    assert (one.severity, one.confidence) == (Severity.NOTE, Confidence.PROVEN)
    for word in ("router (192.168.10.200)", "at most 1,400 bytes", "packet of 1,500 bytes", "1 error", "router/eth1"):
        assert word in one.statement, word
    assert one.subject["node"] == "router" and "ip route get 172.20.2.33" in one.remedy


def test_nothing_else_is_said_of_it(fired):
    found = material(CASE).analysed()
    assert [one.rule for rule in (RULE, "retransmissions", "mtu-black-hole") for one in fired(rule, found)] == [RULE]


@pytest.mark.parametrize("name", [FINE, S1, "mtu-black-hole", "retransmissions"])
def test_where_no_router_said_anything_it_is_silent(fired, name):
    assert fired(RULE, name) == []


def test_without_what_came_after_it_is_likely_only(fired):
    (one,) = fired(RULE, refused("r__eth1", "a__eth0").analysed())
    assert one.confidence is Confidence.LIKELY and "was not captured" in one.statement


def test_a_word_that_was_not_obeyed_is_not_called_fine(fired):
    talk = refused("r__eth1")
    talk.a(300, "a__lxca", "a__eth0", "r__eth1", size=1400)
    assert fired(RULE, talk.analysed()) == []


def test_the_mtu_of_the_real_captures_is_the_one_that_tshark_reads(shared: Path):
    analysis = open_session([shared / "captures-real/nat-two-sided/tcp-mtu-4pt"]).analysis
    (one,) = analysis.findings
    assert one.rule == RULE and one.subject["name"] == "1280" and "10.1.5.1 said so" in one.statement
    # icmp.mtu == 1280 in frame 7 of 2-gw-eth1 and in frame 12 of 4-gw-any-sll2.
    assert {(proof.point, proof.frames) for proof in one.evidence} == {("2-gw-eth1", (7,)), ("4-gw-any-sll2", (12,))}
