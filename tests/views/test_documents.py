"""The JSON documents: the keys of DESIGN section 7, from analyses written by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from captools.model.evidence import Blindness
from captools.views import documents


def test_findings_tell_rule_proof_coverage_and_remedy(sample):
    document = documents.findings(sample.s1())
    assert document["schema"] == 1
    first, second = document["findings"]
    assert (first["rule"], first["severity"], first["confidence"]) == ("routing-black-hole", "error", "proven")
    assert first["subject"] == {"src": "172.20.0.88", "dst": "172.20.2.33", "node": "router"}
    assert first["evidence"][0] == {
        "point": "router/eth1", "file": "router__eth1.pcap", "sha256": sample.sha("router/eth1"), "frames": [1, 5, 9],
        "filter": "ip.dst == 172.20.2.33", "decode_as": "", "shows": "the packet arrives",
    }  # fmt: skip
    assert first["coverage"]["points"] == ["router/eth0", "router/eth1", "router/eth2", "k8s-w0/eth1"]
    assert first["remedy"].startswith("On the router: ip route add") and second["rule"] == "capture-incomplete"


def test_blind_times_are_told_with_from_and_to(sample):
    blind = Blindness(point="router/eth1", start="2023-11-14T22:13:20.000000000Z", end="", why_blind="37 drops")
    document = documents.findings(replace(sample.s1(), coverage=(blind,), warnings=("one file was cut",)))
    assert document["coverage"] == [
        {"point": "router/eth1", "from": "2023-11-14T22:13:20.000000000Z", "to": "", "why_blind": "37 drops"}
    ]
    assert document["warnings"] == ["one file was cut"]


def test_paths_tell_the_originators_flow_and_every_hop(sample):
    (path,) = documents.paths(sample.s2())["paths"]
    assert path["flow"] == {
        "src": "172.20.0.88", "dst": "172.20.2.33", "sport": 41794, "dport": 80, "proto": "tcp",
    }  # fmt: skip
    assert (path["packets"], path["outcome"], len(path["hops"])) == (12, "delivered", 16)
    hop = path["hops"][2]
    assert (hop["point"], hop["way"], hop["change"]) == ("k8s-ctr/eth1", "forward", "encapsulated")
    assert (hop["outer_src"], hop["outer_dst"], hop["vni"]) == ("192.168.10.100", "192.168.20.100", 45966)
    assert (hop["delay_ns"], path["hops"][0]["delay_ns"]) == (23_000, None)


def test_requests_tell_both_legs_the_proxy_and_times_of_day_as_text(sample):
    requests = documents.requests(sample.s8())["requests"]
    first, denied = requests[0], requests[3]
    assert first["time"] == "2025-08-20T01:35:21.286943000Z"
    assert first["client_leg"] == {
        "src": "192.168.10.200", "sport": 51514, "dst": "192.168.10.212", "dport": 80,
        "points": ["router/eth1", "k8s-w1/eth1"], "tls": None,
    }  # fmt: skip
    assert first["proxy"] == {"node": "k8s-w1", "source_address": "172.20.1.35", "source_kind": "ingress"}
    assert first["backend_leg"] == first["attempts"][0] and first["backend_leg"]["status"] == 200
    assert first["backend"]["node"] == "k8s-w0" and (first["gateway_ns"], first["total_ns"]) == (423_000, 2_451_000)
    assert (denied["status"], denied["backend_leg"], denied["backend"], denied["gateway_ns"]) == (403, None, None, None)


def test_encryption_tells_verdict_pairs_and_handshakes(sample):
    document = documents.encryption(sample.s13())
    assert document["verdict"] == "encrypted" and document["cleartext"] == []
    (pair,) = document["pairs"]
    assert (pair["a"], pair["b"], pair["wireguard_packets"], pair["unmatched_inner"]) == ("k8s-ctr", "k8s-w1", 41, 0)
    (shake,) = pair["handshakes"]
    assert {"time": "2025-08-20T01:35:21.286843000Z", "rtt_ns": 812_000, "result": "answered"}.items() <= shake.items()


def test_info_counts_what_is_in_each_file_at_each_point(sample):
    document = documents.info(sample.s2())
    points = {one["point"]: one for one in document["points"]}
    eth1 = points["k8s-ctr/eth1"]
    # Two hops of the sample and one full-size segment cross k8s-ctr/eth1.
    assert (eth1["packets"], eth1["bytes"]) == (3, 124 + 124 + 1514)
    assert (eth1["first"], eth1["last"]) == ("2025-08-20T01:35:21.286883000Z", "2025-08-20T01:35:21.288133000Z")
    assert eth1["tool_counts"]["dropped"] == 0 and eth1["decode_stops"] == {}
    assert document["clock_reference"] == "k8s-ctr"
    assert (points["router/eth1"]["offset_ns"], points["router/eth1"]["offset_error_ns"]) == (-3_600_000, 9_000)
    assert points["k8s-w0/eth1"]["offset_ns"] is None


def test_info_counts_where_decoding_stopped_and_splits_a_capture_of_any(sample):
    base = {"source": "router__any.pcap", "frame": 1, "ts_ns": sample.START, "cap_len": 10, "wire_len": 60}
    rows = [
        {**base, "point": "router/eth1", "decode_stop": "truncated"},
        {**base, "point": "router/eth1", "frame": 2},
        {**base, "point": "router/#9", "frame": 3, "decode_stop": "malformed"},
    ]
    found = replace(
        sample.analysis(), packets=sample.table(rows), sources=(replace(sample.source("router/any", 3), point=""),)
    )
    points = {one["point"]: one for one in documents.info(found)["points"]}
    assert {name: (one["packets"], one["decode_stops"]) for name, one in points.items()} == {
        "router/eth1": (2, {"truncated": 1}), "router/#9": (1, {"malformed": 1}),
    }  # fmt: skip


def test_a_point_that_left_nothing_is_still_in_info(sample):
    failed = replace(sample.source("router/eth1", 0), ok=False, error="no capture file is there", linktype=None)
    (one,) = documents.info(replace(sample.analysis(), sources=(failed,)))["points"]
    assert (one["packets"], one["first"], one["last"], one["bytes"]) == (0, None, None, 0)
    assert (one["ok"], one["error"], one["decode_stops"]) == (False, "no capture file is there", {})


@pytest.mark.parametrize("name", ["findings", "paths", "requests", "encryption", "info"])
def test_every_document_is_json_and_says_its_schema_first(sample, name):
    document = getattr(documents, name)(sample.hostile())
    assert next(iter(document.items())) == ("schema", 1)
    assert json.loads(json.dumps(document)) == document


def test_what_is_explained_comes_with_the_findings_about_it(sample):
    analysis = sample.s8()
    document = documents.explained_requests(analysis, analysis.requests[:1], analysis.findings[:1])
    whole = documents.requests(analysis)
    assert document["requests"] == whole["requests"][:1]
    assert document["findings"] == [one.to_json() for one in analysis.findings[:1]]
    lost = sample.s1()
    assert documents.explained_paths(lost.paths[:1], lost.findings) == {
        "schema": 1, "paths": documents.paths(lost)["paths"][:1], "findings": documents.findings(lost)["findings"],
    }  # fmt: skip


def test_frames_say_whether_anybody_looked_for_findings():
    assert documents.frames([{"frame": 1}], None) == {"schema": 1, "frames": [{"frame": 1}], "findings": None}
    assert documents.frames([], [])["findings"] == []
