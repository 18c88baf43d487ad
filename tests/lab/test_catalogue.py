from __future__ import annotations

import pytest

from captools.lab.catalogue import catalogue, scenario_called
from captools.model.errors import UsageError


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
    assert all(not set(scenario.expected) & set(scenario.forbidden) for scenario in found.values())
