"""captools explain."""

from __future__ import annotations

import json

import pytest

from captools.deep.opinions import READERS
from captures import case
from captures.build import ethernet, ipv4, pcap, tcp, udp, vxlan
from tests.deep.talks import START, tls_talk
from tests.small_session import handshake

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


def test_a_frame_is_told_by_our_columns_and_by_both_readers_who_agree(captools, source):
    out = captools("explain", source, "--frame", "k8s-w1/eth1:4", "--tunnel-port", 9999).out
    assert out.startswith("Frame 4 at k8s-w1/eth1, in ")
    assert "  vni             45966" in out and "\nBy scapy" in out and "\nBy tshark" in out
    assert "    vxlan.vni: 45966  [46:49]" in out and "VXLAN Network Identifier (VNI): 45966  [46:49]" in out
    assert out.endswith("scapy and tshark agree on every field that both know.\n")


def test_json_has_columns_trees_and_what_the_readers_disagree_about(captools, source):
    document = json.loads(captools("explain", source, "--frame", "k8s-w1/eth1:1", "--json").out)
    (frame,) = document["frames"]
    assert (document["schema"], frame["point"], frame["frame"], frame["file"]) == (1, "k8s-w1/eth1", 1, source)
    assert frame["columns"]["src"] == "192.168.10.200"
    assert tuple(frame["trees"]) == READERS and frame["disagreements"] == [] and frame["silent"] == {}
    assert [layer["name"] for layer in frame["trees"]["scapy"]["children"]] == ["eth", "ip", "tcp"]


def test_one_reader_alone_is_compared_with_nobody(captools, source):
    out = captools("explain", source, "--frame", "k8s-w1/eth1:1", "--tree", "scapy").out
    assert "By scapy" in out and "By tshark" not in out and "agree" not in out
    assert "By " not in captools("explain", source, "--frame", "k8s-w1/eth1:1", "--tree", "none").out


def test_a_disagreement_is_told_field_by_field(captools, tmp_path):
    # A total length of 0 (a super-frame): tshark shows the captured size instead of the header's value.
    frame = ethernet(ipv4(tcp(b"x" * 40, sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=6, total=0))
    path = tmp_path / "n__e.pcap"
    path.write_bytes(pcap([(START, frame)]))
    out = captools("explain", path, "--frame", "n/e:1").out
    assert "scapy and tshark disagree:\n  ip#1 ip.len: scapy says 0 [16:18], tshark 80 [16:18]\n" in out


def test_without_tshark_scapy_speaks_alone_and_the_reason_is_told(captools, source, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = captools("explain", source, "--frame", "k8s-w1/eth1:1")
    assert done.code == 0 and "By scapy" in done.out and "tshark has no opinion: tshark is not installed" in done.out
    assert captools("explain", source, "--frame", "k8s-w1/eth1:1", "--tree", "tshark").code == 5


def test_a_key_file_opens_what_tshark_shows(captools, tmp_path):
    path, log = tls_talk(tmp_path)
    count = len(captools("packets", path).out.splitlines()) - 1
    asked = ("packets", path, "--deep", "-Y", "http.request", "-e", "frame.number", "--format", "ndjson")
    assert captools(*asked).out == ""
    (line,) = captools(*asked, "--tls-keys", log).out.splitlines()
    frame = json.loads(line)["frame.number"]
    assert 3 < frame <= count
    out = captools("explain", path, "--frame", f"tls:{frame}", "--tree", "tshark", "--tls-keys", log).out
    assert "Host: shop.example" in out
    assert "shop.example" not in captools("explain", path, "--frame", f"tls:{frame}", "--tree", "tshark").out


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


def test_a_line_of_a_log_has_columns_and_no_bytes(captools, tmp_path):
    path = tmp_path / "k8s-w1__eth1.txt"
    path.write_text(
        "12:32:25.305912 IP 192.168.10.100.40000 > 192.168.10.101.80: Flags [S], seq 1, win 64240, length 0\n"
    )
    out = captools("explain", path, "--frame", "k8s-w1/eth1:1").out
    assert "192.168.10.101" in out and "there are no bytes to read again" in out and "By " not in out


def test_a_frame_is_followed_over_all_points_where_it_is_asked(captools):
    out = captools("explain", S2.folder, "--frame", "k8s-ctr/eth1:24", "--tree", "none", "--path").out
    way = out[out.index("The way of this packet") :].splitlines()[1:]
    # By tshark: frame 24 of k8s-ctr/eth1 is the first ping to k8s-w1's pod.
    assert [line.split()[0] for line in way if line.strip()] == [
        "k8s-ctr/lxca72ed626ec04", "k8s-ctr/cilium_vxlan", "k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w1/cilium_vxlan",
        "k8s-w1/lxc4be40faccd59",
    ]  # fmt: skip
    asked = captools("explain", S2.folder, "--frame", "k8s-ctr/eth1:24", "--tree", "none", "--path", "--json").out
    (frame,) = json.loads(asked)["frames"]
    assert [hop["frames"] for hop in frame["hops"]] == [1] * 6
    plain = captools("explain", S2.folder, "--frame", "k8s-ctr/eth1:24", "--tree", "none", "--json").out
    assert "hops" not in json.loads(plain)["frames"][0]


def test_only_a_frame_has_a_path_of_its_own(captools):
    run = captools("explain", S2.folder, "--request-id", "x", "--path")
    assert run.code == 2 and "--path is for one frame" in run.err
