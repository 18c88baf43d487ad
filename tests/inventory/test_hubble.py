"""``hubble observe`` as it prints: compact text with and without identities, JSON lines, and what is neither."""

from __future__ import annotations

import json

import pytest

from captools.inventory.hubble import read_compact, read_jsonpb
from captools.inventory.kinds import recognise
from captools.inventory.read import read_inventory
from captools.inventory.values import NotAsClaimed

LINES = """\
Jan  2 03:04:05.678: shop/front (ID:41001) <> 192.0.2.10:80 (world) pre-xlate-fwd TRACED (TCP)
Jan  2 03:04:05.678: shop/front (ID:41001) <> shop/back-1:8080 (ID:41002) post-xlate-fwd TRANSLATED (TCP)
Jan  2 03:04:05.679 [node-1]: shop/front:4711 (ID:41001) -> shop/back-1:8080 (ID:41002) to-overlay FORWARDED (TCP Flags: SYN)
Jan  2 03:04:06.000: 198.51.100.7:5000 (ingress) -> shop/back-1:8080 (ID:41002) http-request DROPPED (HTTP/1.1 GET http://a/x)
Jan  2 03:04:06.001: 198.51.100.7:5000 (ingress) <- shop/back-1:8080 (ID:41002) http-response FORWARDED (HTTP/1.1 403 0ms (GET http://a/x))
2021-06-22T14:24:00.345Z [k8s1]: [2001:db8::1]:51938 -> shop/back-1:80 policy-verdict:none EGRESS DENIED (TCP Flags: SYN)
Jan  2 03:04:07.000: 198.51.100.7:43006 <> shop/back-1:8087 Policy denied DROPPED (TCP Flags: SYN)
"""


def test_each_line_tells_its_ends_its_kind_and_its_verdict():
    flows = read_compact(LINES, "").hubble
    assert [(one.kind, one.verdict) for one in flows] == [
        ("pre-xlate-fwd", "TRACED"), ("post-xlate-fwd", "TRANSLATED"), ("to-overlay", "FORWARDED"),
        ("http-request", "DROPPED"), ("http-response", "FORWARDED"),
        ("policy-verdict:none EGRESS", "DENIED"), ("Policy denied", "DROPPED"),
    ]  # fmt: skip
    assert (flows[0].src.pod, flows[0].src.identity, flows[0].dst.ip, flows[0].dst.port) == (
        "shop/front", 41001, "192.0.2.10", 80,
    )  # fmt: skip
    assert (flows[2].node, flows[2].src.port, flows[2].proto) == ("node-1", 4711, "TCP")
    assert (flows[3].src.reserved, flows[3].method, flows[3].url, flows[3].status) == (
        "ingress",
        "GET",
        "http://a/x",
        None,
    )
    assert (flows[5].src.ip, flows[5].src.port, flows[5].ts_ns) == ("2001:db8::1", 51938, 1_624_371_840_345_000_000)


def test_a_reply_was_sent_by_the_end_that_is_printed_second():
    answer = read_compact(LINES, "").hubble[4]
    assert (answer.src.pod, answer.dst.ip, answer.status) == ("shop/back-1", "198.51.100.7", 403)


def test_identities_get_the_names_of_the_pods_that_carried_them():
    cluster = read_inventory({"observed.txt": LINES})
    assert cluster.pods_by_hubble == {41001: ("shop/front",), 41002: ("shop/back-1",)}
    assert cluster.identity_name(41001) == "shop/front" and cluster.identity_name(41003) == "41003"
    assert {one.file for one in cluster.hubble} == {"observed.txt"}


def test_lines_of_another_form_are_counted_and_a_file_without_any_event_is_refused():
    facts = read_compact("EVENTS LOST: 7\n" + LINES, "")
    assert len(facts.hubble) == 7 and facts.warnings == ["1 line of another form left out"]
    with pytest.raises(NotAsClaimed):
        read_compact("nothing here\n", "")


def event(**changes):
    flow = {
        "time": "2025-08-20T00:35:14.972128001Z", "verdict": "FORWARDED", "Type": "L3_L4",
        "IP": {"source": "192.0.2.1", "destination": "192.0.2.2"},
        "l4": {"TCP": {"source_port": 4711, "destination_port": 80, "flags": {"SYN": True}}},
        "source": {"identity": 41001, "namespace": "shop", "pod_name": "front"},
        "destination": {"identity": 2, "labels": ["reserved:world"]},
        "trace_observation_point": "TO_OVERLAY", "node_name": "node-1", "Summary": "TCP Flags: SYN",
    }  # fmt: skip
    return json.dumps({"flow": flow | changes, "node_name": "node-1"})


def test_json_lines_tell_both_the_pod_and_its_address():
    facts = read_jsonpb(event() + "\n" + json.dumps({"lost_events": {}}) + "\n", "")
    (flow,) = facts.hubble
    assert (flow.src.pod, flow.src.ip, flow.src.port, flow.dst.reserved) == ("shop/front", "192.0.2.1", 4711, "world")
    assert (flow.kind, flow.proto, flow.ts_ns) == ("to-overlay", "TCP", 1_755_650_114_972_128_001)
    assert [(one.name, one.ip, one.identity) for one in facts.pods] == [("front", "192.0.2.1", 41001)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"sock_xlate_point": "SOCK_XLATE_POINT_POST_DIRECTION_FWD"}, "post-xlate-fwd"),
        ({"l7": {"type": "REQUEST", "http": {"method": "GET", "url": "http://a/"}}}, "http-request"),
        ({"trace_observation_point": "UNKNOWN_POINT", "drop_reason_desc": "POLICY_DENIED"}, "policy-denied"),
    ],
)
def test_json_events_are_named_as_compact_text_names_them(change, kind):
    assert read_jsonpb(event(**change), "").hubble[0].kind == kind


def test_a_file_is_known_by_its_content_and_broken_lines_are_counted():
    assert recognise("any.name", LINES).name == "hubble observe"
    assert recognise("any.name", event()).name == "hubble observe -o jsonpb"
    assert read_jsonpb(event() + "\n{broken\n", "").warnings == ["1 line that cannot be read left out"]
    with pytest.raises(NotAsClaimed):
        read_jsonpb("{broken\n", "")


def test_real_events_of_a_real_cluster(shared):
    files = sorted((shared / "captures-real" / "hubble-json").glob("*.json"))
    assert len(files) >= 4
    for path in files:
        cluster = read_inventory({path.name: path.read_text()})
        # jq and grep count the same: one event per line.
        assert len(cluster.hubble) == len(path.read_text().splitlines()) and not cluster.warnings
        assert all(one.src.name and one.dst.name and one.ts_ns for one in cluster.hubble)
