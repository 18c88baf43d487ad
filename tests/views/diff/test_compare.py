"""The whole comparison: a session differs from itself in nothing, S16 in what encryption does, and the document fits."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from captools.views.diff.compare import compare
from captools.views.diff.measure import Judged
from captools.views.schemas import schema
from tests.agreement.test_schemas import closed
from tests.correlate.material import material
from tests.views.diff.sessions import BROKEN, CLEAR, FINE, INGRESS, PROXY, SEALED, VXLAN

SCHEMA = schema("diff")
PLAIN = material("s16-without-encryption")
POINTS = sorted({source.point for source in PLAIN.sources if source.packets})
HALVES = {
    name: some.analysed()
    for name, some in (
        ("first", PLAIN.without(POINTS[0]).without(POINTS[1]).without(POINTS[2]).without(POINTS[3])),
        ("last", PLAIN.without(POINTS[-1]).without(POINTS[-2]).without(POINTS[-3]).without(POINTS[-4])),
        ("odd", PLAIN.without(POINTS[1]).without(POINTS[3]).without(POINTS[5])),
    )
}
WHOLE = PLAIN.analysed()


@pytest.mark.parametrize("session", [BROKEN, CLEAR, FINE, INGRESS, PROXY, SEALED, VXLAN], ids=lambda one: one.title)
def test_a_session_differs_from_itself_in_nothing(session):
    diff = compare(session, session)
    assert [one.name for one in diff.both if one.differs] == []
    assert not (diff.gone or diff.new or diff.findings.gone or diff.findings.new)
    assert not (diff.requests.gone or diff.requests.new)
    assert {m.judged for one in diff.both for m in one.measures} <= {Judged.SAME, Judged.UNKNOWN}


@pytest.mark.parametrize("half", HALVES)
def test_points_that_are_missing_make_no_difference(half):
    for diff in (compare(WHOLE, HALVES[half]), compare(HALVES[half], WHOLE)):
        wrong = [(one.name, m) for one in diff.both for m in one.measures if m.judged in (Judged.MORE, Judged.LESS)]
        assert wrong == []
        assert not [one.changes for one in diff.both if any("outcome" not in change for change in one.changes)]


def test_what_differs_comes_first_and_is_the_encrypted_pair():
    diff = compare(CLEAR, SEALED)
    assert [str(one.name) for one in diff.both] == [
        "default/curl-pod -> default/webpod-697b545f57-2dg5m icmp",
        "default/curl-pod -> default/webpod-697b545f57-2dg5m tcp port 5201",
    ]
    assert all(one.differs for one in diff.both)
    assert {one.rule for one in diff.findings.new} == {"wireguard-only"} and not diff.findings.gone
    # One network under both: the time between the cards is the same, the nodes' own work is not.
    told = {m.name: m.judged for m in diff.both[0].measures}
    assert told["there, k8s-ctr/eth1 to k8s-w1/eth1"] is Judged.SAME
    assert told["there, k8s-ctr/lxc of default/curl-pod to k8s-ctr/eth1"] is Judged.MORE


@pytest.mark.parametrize(("a", "b"), [(CLEAR, SEALED), (FINE, BROKEN), (INGRESS, PROXY)], ids=["s16", "s1", "s8"])
def test_the_document_fits_its_schema_to_the_key(a, b):
    document = json.loads(json.dumps(compare(a, b).to_json()))
    Draft202012Validator(closed(SCHEMA)).validate(document)
    assert document["a"]["title"] == a.title and document["b"]["packets"] == len(b.packets)
