"""Reference cases: found by name, whole, and never outside their folder."""

from __future__ import annotations

import json

import pytest

from captures import case, cases
from captures.cases import REFERENCE


def test_every_folder_with_a_truth_is_a_case_and_they_come_by_name():
    names = [one.name for one in cases()]
    assert names == sorted(path.parent.name for path in REFERENCE.glob("*/case.toml")) and len(names) >= 4


@pytest.mark.parametrize("one", cases(), ids=lambda one: one.name)
def test_a_case_says_what_it_is_what_happened_and_what_must_be_found(one):
    assert one.folder == REFERENCE / one.name
    assert one.truth["schema"] == 2 and one.truth["title"]
    assert all(each["rule"] for each in one.truth["findings"]["expected"])
    assert list(one.folder.glob("*.pcap*")) and (one.folder / "session.json").is_file()


def test_a_case_is_opened_by_its_name():
    assert case("no-fault").truth["id"] == "no-fault"


@pytest.mark.parametrize("name", ["nothing", "", ".", "..", "../reference/no-fault", "no-fault/inventory", "/etc"])
def test_another_name_lists_the_known_ones_and_opens_nothing(name):
    with pytest.raises(KeyError, match="there are: .*no-fault"):
        case(name)


def test_a_capture_is_found_by_its_point_packed_or_not():
    one = case("s8-ingress-dedicated-snat")
    assert one.capture("k8s-w1/eth1").name.startswith("k8s-w1__eth1.pcap")
    assert len(one.captures) == len(json.loads((one.folder / "session.json").read_text())["points"])
    with pytest.raises(KeyError, match="no capture of k8s-w9/eth1"):
        one.capture("k8s-w9/eth1")


def test_the_reference_cases_are_small():
    size = sum(path.stat().st_size for path in REFERENCE.rglob("*") if path.is_file() and ".cache" not in path.parts)
    assert size < 4_000_000
