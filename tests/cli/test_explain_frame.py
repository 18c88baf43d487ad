"""captools explain --frame."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from captools.deep.opinions import READERS
from captools.views.schemas import schema
from captures import case
from captures.build import ethernet, ipv4, pcap, tcp, udp, vxlan
from tests.agreement.test_schemas import closed
from tests.deep.talks import START, tls_talk
from tests.small_session import handshake

S1 = case("s1-native-route-black-hole")
S2 = case("s2-vxlan-overlay")
S13 = case("s13-wireguard-only")


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


def test_a_line_of_a_log_has_columns_and_no_bytes(captools, tmp_path):
    path = tmp_path / "k8s-w1__eth1.txt"
    path.write_text(
        "12:32:25.305912 IP 192.168.10.100.40000 > 192.168.10.101.80: Flags [S], seq 1, win 64240, length 0\n"
    )
    out = captools("explain", path, "--frame", "k8s-w1/eth1:1").out
    assert "192.168.10.101" in out and "there are no bytes to read again" in out and "By " not in out


def test_a_frame_is_followed_over_all_points_where_it_is_asked(captools):
    out = captools("explain", S2.folder, "--frame", "k8s-ctr/eth1:24", "--tree", "none").out
    way = out[out.index("The way of this packet") : out.index("      6 points")].splitlines()[1:]
    # By tshark: frame 24 of k8s-ctr/eth1 is the first ping to k8s-w1's pod.
    assert [line.split()[0] for line in way if line.strip()] == [
        "k8s-ctr/lxca72ed626ec04", "k8s-ctr/cilium_vxlan", "k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w1/cilium_vxlan",
        "k8s-w1/lxc4be40faccd59",
    ]  # fmt: skip
    asked = captools("explain", S2.folder, "--frame", "k8s-ctr/eth1:24", "--tree", "none", "--json").out
    (frame,) = json.loads(asked)["frames"]
    assert [hop["frames"] for hop in frame["hops"]] == [1] * 6
    plain = captools("explain", S2.folder, "--frame", "k8s-ctr/eth1:24", "--tree", "none", "--no-path", "--json").out
    assert "hops" not in json.loads(plain)["frames"][0] and json.loads(plain)["findings"] is None


def test_a_frame_is_told_with_its_conversation_and_the_findings_that_rest_on_it(captools):
    out = captools("explain", S1.folder, "--frame", "router/eth0:1", "--tree", "none").out
    # S1 in SCENARIOS: entered by eth1, left by eth0 towards 10.0.2.2, never seen again.
    assert "It is part of:\n  172.20.0.88 -> 172.20.2.33 icmp" in out
    found = out[out.index("Findings that touch it") :]
    assert "routing-black-hole  (proven; this frame is part of its proof)" in found
    assert "Next: on router: ip route add 172.20.2.0/24 via 192.168.20.100 dev eth2" in found
    document = json.loads(captools("explain", S1.folder, "--frame", "router/eth0:1", "--tree", "none", "--json").out)
    assert [one["rule"] for one in document["findings"]] == ["routing-black-hole"]
    assert document["frames"][0]["flow"]["dst"] == "172.20.2.33"


def test_an_encrypted_frame_is_told_with_the_packet_that_fits_it(captools):
    # Frame 12 of the pod's device is its first HTTP connection's SYN or data; the datagram is found from there.
    asked = ("explain", S13.folder, "--tree", "none", "--json", "--frame")
    (frame,) = json.loads(captools(*asked, "k8s-w1/lxc4be40faccd59:12").out)["frames"]
    datagram = next(hop for hop in frame["hops"] if hop["tunnel"] == "wireguard")["evidence"][0]
    (outer,) = json.loads(captools(*asked, f"{datagram['point']}:{datagram['frames'][0]}").out)["frames"]
    assert [hop["point"] for hop in outer["hops"]] == [hop["point"] for hop in frame["hops"]]
    assert outer["flow"] == frame["flow"] and frame["flow"]["dport"] == 80


@pytest.mark.parametrize(
    ("folder", "place", "tree"),
    [
        (S1.folder, "router/eth0:1", "both"),
        (S2.folder, "router/eth1:36", "scapy"),
        (S13.folder, "k8s-w1/eth1:12", "none"),
    ],
    ids=["plain", "vxlan", "wireguard"],
)
def test_the_document_fits_its_schema_to_the_key(captools, folder, place, tree):
    for way in ("--path", "--no-path"):
        out = captools("explain", folder, "--frame", place, "--tree", tree, way, "--json").out
        Draft202012Validator(closed(schema("frames"))).validate(json.loads(out))


def test_a_large_session_is_followed_only_where_it_is_asked(captools, monkeypatch):
    monkeypatch.setattr("captools.cli.explain_frame.FOLLOWED", 700)  # this session has 735 packets
    asked = ("explain", S2.folder, "--frame", "k8s-ctr/eth1:24", "--tree", "none")
    assert "The way of this packet" not in captools(*asked).out
    assert "The way of this packet" in captools(*asked, "--path").out


def test_an_arp_frame_tells_whose_the_address_is_and_what_went_wrong_with_it(captools):
    failover = case("s5-vip-failover")
    found = json.loads(captools("findings", failover.folder, "--json").out)["findings"]
    proof = next(one for one in found if one["rule"] == "vip-moved")["evidence"][0]
    out = captools(
        "explain", failover.folder, "--frame", f"{proof['point']}:{proof['frames'][0]}", "--tree", "none"
    ).out
    assert "What ARP told of kube-system/cilium-ingress (192.168.10.211)" in out
    assert "0a:be:74:14:e2:32, k8s-w1/eth1, answered" in out and "0a:99:3c:92:1c:ad, k8s-ctr/eth1, answered" in out
    assert "WARNING vip-moved  (proven; this frame is part of its proof)" in out
