"""With half of the points taken away captools says less, or is less sure; it never says something else.

What is true does not change when nobody looks. So every finding of the half must be one that the truth of the whole case
lists, with the same subject, at no higher confidence than the truth allows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

import captools.findings
from captools.findings import judge
from captools.lab.board import answers
from captools.model.evidence import Confidence
from captools.model.findings import Finding, FindingRule
from captools.registry import additions
from captures import case, cases
from tests.correlate.material import Material, material

RULES = additions(captools.findings, "RULE", FindingRule)
SURE = list(Confidence)
# What a cause looks like from afar: the same packets, seen to vanish between the points that are left.
FROM_AFAR = {
    "lost-between-points": ("routing-black-hole", "mtu-black-hole", "wireguard-handshake-failing", "vip-unanswered"),
    "retransmissions": ("lost-between-points", "mtu-black-hole"),
}


def halves(name: str, points: list[str]) -> Iterator[list[str]]:
    """Yield what is taken away: a random half, the other half, and all points of half the machines."""
    mixed = random.Random(name).sample(sorted(points), len(points))
    yield mixed[: len(mixed) // 2]
    yield mixed[len(mixed) // 2 :]
    machines = sorted({point.partition("/")[0] for point in points})
    gone = random.Random(name + "!").sample(machines, len(machines) // 2)
    yield [point for point in points if point.partition("/")[0] in gone]


def without(one: Material, points: list[str]) -> Material:
    for point in points:
        one = one.without(point)
    return one


@pytest.mark.parametrize("name", [one.name for one in cases()])
def test_half_of_the_points_says_nothing_that_is_not_true(name: str) -> None:
    one = material(name)
    points = sorted({source.point for source in one.sources})
    for gone in halves(name, points):
        found = judge(without(one, gone).analysed(), RULES)
        wrong = [told for told in found if not true(name, told)]
        assert not wrong, f"without {gone}: {[(told.rule, told.confidence.value, told.statement) for told in wrong]}"


def true(name: str, told: Finding) -> bool:
    """Tell whether the case's truth lists what a finding says: the rule, and the ends that both name."""
    for wanted in case(name).truth["findings"]["expected"]:
        ends = {key: value for key, value in wanted.get("subject", {}).items() if key in told.subject}
        ends = {key: value for key, value in ends.items() if told.subject[key] is not None}
        sure = wanted.get("confidence", "proven")
        rule = told.rule if wanted["rule"] in FROM_AFAR.get(told.rule, ()) else wanted["rule"]
        no_surer = SURE.index(told.confidence) >= SURE.index(Confidence(sure))
        subjects = [{key: ends[key] for key in ends if key != "node"}]
        if rule == "retransmissions" != wanted["rule"]:
            # Who gets no acknowledgments sends again, too: the side whose own packets do arrive.
            subjects.append({"src": ends.get("dst"), "dst": ends.get("src")})
        if no_surer and any(answers({"rule": rule, "subject": subject}, told) for subject in subjects):
            return True
    return False
