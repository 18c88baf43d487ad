from __future__ import annotations

import pytest

import captools.findings
from captools.lab.catalogue import catalogue, scenario_called
from captools.model.errors import UsageError
from captools.model.findings import FindingRule
from captools.registry import additions
from captures import case, cases


def test_a_scenario_is_found_by_its_id_or_its_number():
    assert scenario_called("s1") is scenario_called("s1-native-route-black-hole")
    assert scenario_called("S13").id == "s13-wireguard-only"


def test_an_unknown_scenario_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="there are: .*s8-ingress-dedicated-snat"):
        scenario_called("s99")


def test_every_scenario_stands_in_the_catalogue_under_its_own_id():
    found = catalogue()
    assert len(found) >= 6
    assert all(name == scenario.id for name, scenario in found.items())
    rules = {rule.id for rule in additions(captools.findings, "RULE", FindingRule)}
    assert {one.rule for scenario in found.values() for one in scenario.expected} <= rules


@pytest.mark.parametrize("name", [one.name for one in cases() if one.name != "demo-skewed"])
def test_a_reference_case_expects_what_its_scenario_does(name):
    scenario = catalogue()[case(name).truth["id"]]
    assert case(name).truth["findings"]["expected"] == [one.to_json() for one in scenario.expected]
