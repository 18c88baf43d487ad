from __future__ import annotations

from captools.lab.board import score
from captools.lab.proxies.gateway_canary import TOKENS
from captools.lab.scenarios.s15_canary_and_rate_limit import BY_HEADER, LIMITED_REQUESTS, SCENARIO, WEIGHTED
from captools.pipeline import open_session
from captures import case

CASE = case(SCENARIO.id)
TOLD = CASE.truth["truth"]["requests"]
SHOP, CANARY, LIMITED = TOLD[:WEIGHTED], TOLD[WEIGHTED : WEIGHTED + BY_HEADER], TOLD[WEIGHTED + BY_HEADER :]


def test_the_header_places_all_and_the_bucket_lets_ten_pass():
    assert {one["backend_node"] for one in CANARY} == {"k8s-w0"}
    assert {one["backend_node"] for one in SHOP} <= {"k8s-w0", "k8s-w1"} and {one["status"] for one in SHOP} == {200}
    assert [one["status"] for one in LIMITED] == [200] * TOKENS + [429] * (LIMITED_REQUESTS - TOKENS)


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told


def test_shares_are_the_backends_own_words():
    (spread,) = open_session([CASE.folder]).analysis.services.distributions
    counted = {one.name: one.count for one in spread.shares}
    by_node = {"default/shop-stable": "k8s-w1", "default/shop-canary": "k8s-w0"}
    assert counted == {name: sum(one["backend_node"] == node for one in SHOP) for name, node in by_node.items()}
    assert [one.expected for one in spread.shares] == [0.9, 0.1] and spread.unseen == 0
