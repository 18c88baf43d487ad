"""captools explain."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from captools.views.schemas import schema
from captures import case
from captures.build import ethernet, ipv4, pcap, udp, vxlan
from tests.agreement.test_schemas import closed
from tests.deep.talks import START
from tests.small_session import handshake

S1 = case("s1-native-route-black-hole")
S2 = case("s2-vxlan-overlay")
S8 = case("s8-ingress-dedicated-snat")


@pytest.fixture
def source(tmp_path) -> str:
    """A handshake, and the same SYN inside VXLAN on a port of its own."""
    outer = udp(vxlan(handshake()[0][1], vni=45966), sport=50000, dport=9999)
    frame = ethernet(ipv4(outer, src="192.168.10.100", dst="192.168.20.100", proto=17))
    path = tmp_path / "k8s-w1__eth1.pcap"
    path.write_bytes(pcap([*handshake(), (START + 9_000_000, frame)]))
    return str(path)


def test_a_request_is_told_by_its_id(captools):
    requests = json.loads(captools("requests", S8.folder, "--json").out)["requests"]
    wanted = next(one for one in requests if one["request_id"] and one["backend_leg"])
    document = json.loads(captools("explain", S8.folder, "--request-id", wanted["request_id"], "--json").out)
    assert document["requests"] == [one for one in requests if one["request_id"] == wanted["request_id"]]
    out = captools("explain", S8.folder, "--request-id", wanted["request_id"]).out
    assert "Client leg" in out and "Backend leg" in out and wanted["request_id"] in out


def test_a_conversation_is_told_by_its_ends_in_either_direction(captools):
    paths = json.loads(captools("paths", S2.folder, "--json").out)["paths"]
    flow = next(one["flow"] for one in paths if one["flow"]["proto"].lower() == "tcp")
    there = f"{flow['src']}:{flow['sport']}-{flow['dst']}:{flow['dport']}"
    back = f"{flow['dst']}:{flow['dport']}-{flow['src']}:{flow['sport']}"
    document = json.loads(captools("explain", S2.folder, "--flow", there, "--json").out)
    assert [one["flow"] for one in document["paths"]] == [flow]
    assert captools("explain", S2.folder, "--flow", there).out == captools("explain", S2.folder, "--flow", back).out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "give --request-id, --flow or --frame"),
        (("--frame", "a:1", "--flow", "b"), 2, "one thing is explained at a time"),
        (("--frame", "k8s-w1/eth1"), 2, "such as k8s-w1/eth1:12"),
        (("--frame", "k8s-w1/eth1:99"), 2, "frames are numbered from 1 in each file"),
        (("--frame", "k8s-w1/eth0:1"), 2, "the points are k8s-w1/eth1"),
        (("--flow", "10.0.0.1"), 2, "write A:PORT-B:PORT"),
        (("--flow", "10.0.0.1:1-10.0.0.2:2"), 2, "`captools paths --brief` lists them all"),
        (("--request-id", "x"), 2, "`captools requests` lists those that there are"),
        (("--request-id", "x", "--tls-keys", "/gone"), 2, "/gone: No such file"),
        (("--frame", "k8s-w1/eth1:1", "--tree", "scapy", "--tls-keys", __file__), 3, "is no TLS key log"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(captools, source, words, code, told):
    done = captools("explain", source, *words)
    assert (done.code, done.out) == (code, "") and told in done.err and len(done.err.splitlines()) == 1


def test_only_a_frame_has_a_path_of_its_own(captools):
    run = captools("explain", S2.folder, "--request-id", "x", "--no-path")
    assert run.code == 2 and "--path is for one frame" in run.err


def test_a_conversation_ends_with_the_findings_about_it_and_their_next_steps(captools):
    asked = ("explain", S1.folder, "--flow", "172.20.0.88-172.20.2.33")
    out = captools(*asked).out
    assert out.index("Findings that touch it") > out.index("lost between router/eth0")
    assert "Next: on router: ip route add 172.20.2.0/24 via 192.168.20.100 dev eth2" in out
    document = json.loads(captools(*asked, "--json").out)
    Draft202012Validator(closed(schema("paths"))).validate(document)
    assert "routing-black-hole" in [one["rule"] for one in document["findings"]]
    fine = captools("explain", S1.folder, "--flow", "172.20.0.88-172.20.1.108").out
    assert "routing-black-hole" not in fine  # the other destination is fine


def test_a_request_is_told_with_the_findings_about_it_alone(captools):
    requests = json.loads(captools("requests", S8.folder, "--json").out)["requests"]
    told = {}
    for one in requests:
        document = json.loads(captools("explain", S8.folder, "--request-id", one["request_id"], "--json").out)
        Draft202012Validator(closed(schema("requests"))).validate(document)
        told[one["request_id"]] = {found["rule"] for found in document["findings"]}
        kind = one["proxy"]["source_kind"]
        assert (f"snat-{'ingress' if kind == 'ingress' else 'node'}-ip") in told[one["request_id"]]
        assert (f"snat-{'node' if kind == 'ingress' else 'ingress'}-ip") not in told[one["request_id"]]
    assert len(told) == len(requests)
