"""The manifest: what was written is read back, and what a file claims is checked before anyone relies on it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.model.errors import MalformedCapture
from captools.model.session import (
    ClockReading,
    Manifest,
    NodeRecord,
    PointRecord,
    ToolCounts,
    manifest_from_json,
)
from tests.small_session import manifest, record

POINT = record("k8s-w1__eth1.pcap", b"")


def test_a_manifest_survives_the_way_through_json():
    one = Manifest(
        id="20231114T221320Z", captools="0.1.0", started="2023-11-14T22:13:20.000000000Z", complete=True,
        command=("captools", "capture"), warnings=("w",), extra={"lab": {"mode": "vxlan"}},
        nodes=(NodeRecord(name="k8s-w1", clock=(ClockReading(before_ns=1, node_ns=2, after_ns=3),)),),
        points=(PointRecord(point="k8s-w1/eth1", node="k8s-w1", interface="eth1", role="nic", tool="tcpdump",
                            file="k8s-w1__eth1.pcap", counts=ToolCounts(captured=3, received=4, dropped=1)),),
    )  # fmt: skip
    assert manifest_from_json(json.loads(json.dumps(one.to_json())), "x") == one


def test_keys_of_a_newer_captools_are_left_out():
    read = manifest_from_json(manifest({**POINT, "colour": "blue"}, mood="good"), "x")
    assert read.points[0].point == "k8s-w1/eth1" and not hasattr(read, "mood")


def test_a_manifest_of_a_newer_schema_asks_for_an_upgrade():
    with pytest.raises(MalformedCapture, match=r"^x: written by a newer captools \(schema 2, this one reads 1\); up"):
        manifest_from_json({"schema": 2}, "x")


@pytest.mark.parametrize("document", [None, [], "text", 7, {}, {"schema": "1"}])
def test_json_that_is_no_manifest_is_said_to_be_none(document: object):
    with pytest.raises(MalformedCapture, match="^x: not a captools session manifest"):
        manifest_from_json(document, "x")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"id": None}, "id is None"),
        ({"nodes": "k8s-w1"}, "nodes is not a list"),
        ({"nodes": [3]}, r"nodes\[0\] is not a JSON object"),
        ({"nodes": [{}]}, r"nodes\[0\] has no 'name'"),
        ({"complete": "yes"}, "complete is 'yes'"),
        ({"warnings": [1]}, r"warnings\[0\] is 1"),
        ({"points": [{**POINT, "point": 5}]}, r"points\[0\].point is 5"),
        ({"points": [{**POINT, "argv": "tcpdump"}]}, r"points\[0\].argv is not a list"),
        ({"points": [{**POINT, "snaplen": "all"}]}, r"points\[0\].snaplen is 'all'"),
        ({"points": [{**POINT, "snaplen": True}]}, r"points\[0\].snaplen is True"),
        ({"points": [{**POINT, "counts": {"dropped": "0"}}]}, r"points\[0\].counts.dropped is '0'"),
        ({"points": [{k: v for k, v in POINT.items() if k != "tool"}]}, r"points\[0\] has no 'tool'"),
    ],
)
def test_a_damaged_manifest_says_which_value_does_not_fit(changes: dict[str, Any], found: str):
    with pytest.raises(MalformedCapture, match=f"^x: damaged session manifest: {found}.*; open its files alone$"):
        manifest_from_json(manifest(**changes), "x")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*POINT, "name", "clock"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(manifest())), json_values))
def test_any_json_gives_a_manifest_or_one_sentence(document: dict[str, Any]):
    try:
        read = manifest_from_json({**manifest(POINT), **document}, "x")
    except MalformedCapture as error:
        assert str(error).startswith("x: ") and "\n" not in str(error)
    else:
        assert all(isinstance(one.point, str) for one in read.points)
