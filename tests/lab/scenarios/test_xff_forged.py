from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.xff_forged import FORGED, SCENARIO
from captools.pipeline import open_session
from captures import case

CASE = case(SCENARIO.id)


def test_backends_received_what_each_proxy_made_of_the_claim():
    received = {one["path"]: one["xff"] for one in CASE.truth["truth"]["requests"]}
    assert received == {
        "/forged": f"{FORGED},192.168.10.200", "/forged/again": f"{FORGED},192.168.10.200", "/honest": "192.168.10.100",
        "/kept": FORGED, "/unnamed": "",
    }  # fmt: skip


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told


def test_nobody_is_taken_for_the_client_who_only_stands_in_a_header():
    for wanted, found in zip(
        CASE.truth["truth"]["requests"], open_session([CASE.folder]).analysis.requests, strict=True
    ):
        assert (found.path, found.client, found.client_by_packets) == (wanted["path"], *[wanted["client"]] * 2)
