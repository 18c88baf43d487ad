"""What captools says of the logs that engineers pasted, and of printed text beside its captures (SCENARIOS S1, S2, S7)."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from captools.model.errors import MalformedCapture
from captools.model.evidence import Confidence
from captools.model.paths import Outcome
from captools.pipeline import open_session
from captools.views.findings import as_text
from captools.views.layers import stacks
from captures import case
from tests.agreement.telling import unpacked

ICMP = "router__any.icmp.tcpdump.txt"
NGREP = "k8s-w1__lxcb75cf4d9b323.ngrep.txt"


def test_s1_the_packet_entered_by_one_card_and_left_by_the_wrong_one(shared):
    (path,) = open_session([shared / "field-logs" / ICMP]).analysis.paths
    assert [(hop.point, hop.direction) for hop in path.hops] == [("router/eth1", "in"), ("router/eth0", "out")]
    assert (path.flow.src, path.flow.dst, path.hops[1].delay_ns) == ("172.20.0.88", "172.20.2.33", 16_000)
    assert path.outcome is Outcome.UNKNOWN and path.reason
    proof = path.hops[1].evidence[0]
    assert (proof.frames, proof.lines, proof.filter, proof.decode_as) == ((2,), (5,), "", "")
    assert proof.shows.endswith("(line 5)")


def test_s1_the_routers_own_table_says_why_but_text_proves_no_loss(shared):
    analysis = open_session([shared / "field-logs"]).analysis
    (hole,) = [one for one in analysis.findings if one.rule == "routing-black-hole"]
    assert hole.confidence is Confidence.LIKELY
    assert "left router/eth0 towards 10.0.2.2" in hole.statement and "172.20.2.0/24" in hole.statement
    assert not any(path.outcome is Outcome.LOST for path in analysis.paths)
    allowed = {"routing-black-hole", "vxlan-encapsulated", "snat-node-ip", "capture-incomplete", "proxy-denied"}
    assert {one.rule for one in analysis.findings} <= allowed


def test_findings_from_text_name_lines_and_offer_no_filter(shared):
    text = as_text(open_session([shared / "field-logs"]).analysis)
    assert "frame 2 of" in text and "the wrong interface (line 5)" in text
    assert "tshark" not in text and "has 0 bytes" not in text


def test_s2_the_otv_line_is_vxlan_with_the_senders_identity(shared):
    (path,) = open_session([shared / "field-logs" / "router__any.otv.tcpdump.txt"]).analysis.paths
    (hop,) = path.hops
    assert (hop.vni, hop.tunnel, hop.outer_src, hop.outer_dst) == (45_966, "vxlan", "192.168.10.100", "192.168.20.100")
    assert (hop.src, hop.sport, hop.dst, hop.dport) == ("172.20.0.88", 41_794, "172.20.2.33", 80)


def test_s7_text_and_tables_together_name_the_proxys_node_and_say_what_they_rest_on(shared):
    """No frame of the client was captured, and 10.0.2.15 is on every node: but a node never takes it from outside."""
    analysis = open_session([shared / "field-logs"]).analysis
    (note,) = [one for one in analysis.findings if one.rule == "snat-node-ip"]
    assert note.confidence is Confidence.LIKELY
    assert (note.subject["src"], note.subject["dst"], note.subject["node"]) == ("10.0.2.15", "172.20.1.102", "k8s-w1")
    assert "The client was 192.168.10.200, as X-Forwarded-For alone tells" in note.statement
    # The pasted routes are of a day without endpoint routes: they do not explain this source, and that is said.
    assert "by the table given it would be 172.20.1.12" in note.statement


def test_s9_hubble_alone_tells_who_was_denied(shared):
    (denied,) = [one for one in open_session([shared / "field-logs"]).analysis.findings if one.rule == "proxy-denied"]
    assert denied.confidence is Confidence.LIKELY and "which no packet here shows" in denied.statement
    assert "GET http://192.168.10.211/ of 192.168.10.200" in denied.statement and "2 requests" in denied.statement


def test_s2_the_instance_is_curl_pods_identity_by_hubbles_word(shared):
    (note,) = [
        one for one in open_session([shared / "field-logs"]).analysis.findings if one.rule == "vxlan-encapsulated"
    ]
    assert "VNI 45966 is the identity of default/curl-pod" in note.statement
    assert "k8s-ctr (192.168.10.100)" in note.statement and "k8s-w0 (192.168.20.100)" in note.statement


def test_what_text_alone_cannot_prove_is_said_once_for_all_points_that_only_text_tells_of(shared, tmp_path):
    (gap,) = [
        one for one in open_session([shared / "field-logs"]).analysis.findings if one.rule == "capture-incomplete"
    ]
    assert set(gap.coverage.points) == {"router/eth0", "router/eth1", "k8s-w1/lxcb75cf4d9b323"}
    assert "no silence there counts as a loss" in gap.statement and gap.remedy
    # The same point as a capture beside its text: then there are bytes.
    pcap = case("s2-vxlan-overlay").capture("router/eth1")
    (tmp_path / f"router__eth1{''.join(pcap.suffixes)}").write_bytes(pcap.read_bytes())
    (tmp_path / "router__eth1.txt").write_bytes((shared / "field-logs" / ICMP.replace("icmp", "otv")).read_bytes())
    assert "capture-incomplete" not in {one.rule for one in open_session([tmp_path]).analysis.findings}


def test_s7_the_backends_ngrep_tells_who_the_client_really_is(shared):
    analysis = open_session([shared / "field-logs" / NGREP]).analysis
    (request,) = analysis.requests
    assert (request.client, request.xff, request.host, request.status) == (
        "192.168.10.200", ("192.168.10.200",), "192.168.10.211", 200,
    )  # fmt: skip
    assert request.request_id == "f884b027-b3ba-4ffd-8e3d-133cdbf6ad87"
    (attempt,) = request.attempts
    assert (attempt.src, attempt.dst, attempt.points) == ("10.0.2.15", "172.20.1.102", ("k8s-w1/lxcb75cf4d9b323",))


def test_several_requests_on_one_printed_connection_are_several(tmp_path):
    ends = "10.0.2.15:45812 -> 172.20.1.102:9080 [AP]"
    back = "172.20.1.102:9080 -> 10.0.2.15:45812 [AP]"
    text = "interface: lxc1\nfilter: ip\n"
    for second in range(3):
        text += f"#\nT 2025/08/20 09:35:1{second}.100000 {ends}\nGET /{second} HTTP/1.1.\nhost: a.\n.\n\n"
        text += f"#\nT 2025/08/20 09:35:1{second}.200000 {back}\nHTTP/1.1 20{second} OK.\n.\n\n"
    (tmp_path / "k8s-w1__lxc1.txt").write_text(text)
    requests = open_session([tmp_path]).analysis.requests
    assert [(one.path, one.status, one.total_ns) for one in requests] == [
        (f"/{number}", 200 + number, 100_000_000) for number in range(3)
    ]


@pytest.fixture
def with_text(tmp_path: Path) -> Path:
    """Case S8 with ngrep's and tcpdump's text of two of its captures beside them, printed in other time zones."""
    if shutil.which("ngrep") is None or shutil.which("tcpdump") is None:
        pytest.skip("needs ngrep and tcpdump")
    folder, one = tmp_path / "s8", case("s8-ingress-dedicated-snat")
    shutil.copytree(one.folder, folder)
    for name, argv, zone in (
        ("k8s-w1__lxc4be40faccd59", ("ngrep", "-qtW", "byline", "-I"), "Asia/Seoul"),
        ("k8s-w1__eth1", ("tcpdump", "-nntttt", "-r"), "Asia/Kolkata"),
    ):
        env = {**os.environ, "TZ": zone}
        plain = unpacked(one.capture(name.replace("__", "/")), tmp_path)
        done = subprocess.run([*argv, str(plain)], capture_output=True, env=env, timeout=60, check=True)
        (folder / f"{name}.txt").write_bytes(done.stdout)
    return folder


def test_text_beside_its_captures_proves_the_same_and_adds_nothing_else(with_text):
    plain = open_session([case("s8-ingress-dedicated-snat").folder]).analysis
    both = open_session([with_text]).analysis
    assert [replace(path, hops=()) for path in both.paths] == [replace(path, hops=()) for path in plain.paths]
    assert [[replace(hop, evidence=()) for hop in path.hops] for path in both.paths] == [
        [replace(hop, evidence=()) for hop in path.hops] for path in plain.paths
    ]
    assert [replace(one, evidence=()) for one in both.requests] == [replace(one, evidence=()) for one in plain.requests]
    assert [(one.rule, one.statement, one.confidence) for one in both.findings] == [
        (one.rule, one.statement, one.confidence) for one in plain.findings
    ]
    assert both.coverage == plain.coverage
    second = {Path(proof.file).suffixes[0] for one in both.requests for proof in one.evidence}
    assert second == {".pcap", ".txt"}


def test_a_text_log_alone_never_supports_a_negative_statement(with_text):
    (capture,) = with_text.glob("k8s-w1__eth1.pcap*")
    capture.unlink()
    analysis = open_session([with_text]).analysis
    (blind,) = [one for one in analysis.coverage if one.point == "k8s-w1/eth1" and "printed text" in one.why_blind]
    assert blind.why_blind == (
        "this point is known by printed text only, from which lines and filters may have been left out"
    )


def test_text_has_no_bytes_to_stack(tmp_path):
    if shutil.which("tcpdump") is None:
        pytest.skip("needs tcpdump")
    pcap = case("s2-vxlan-overlay").capture("router/eth1")
    done = subprocess.run(
        ["tcpdump", "-nnv", "-r", str(unpacked(pcap, tmp_path / ".."))], capture_output=True, timeout=60, check=True
    )
    (tmp_path / "router__eth1.txt").write_bytes(done.stdout)
    analysis = open_session([tmp_path]).analysis
    assert stacks(analysis) == () and stacks(open_session([pcap]).analysis) != ()
    assert "vxlan-encapsulated" in {one.rule for one in analysis.findings}


def test_a_log_called_pcap_is_read_and_other_text_called_pcap_is_not(tmp_path):
    line = "02:57:08.004967 IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 698, seq 1, length 64\n"
    (tmp_path / "router__eth1.pcap").write_text(line)
    (source,) = open_session([tmp_path / "router__eth1.pcap"]).analysis.sources
    assert (source.text, source.point, source.packets, source.lines) == ("tcpdump", "router/eth1", 1, (1,))
    assert (source.first_ns, source.last_ns) == (None, None)  # no date: the window of the capture is not known
    (tmp_path / "other.pcap").write_text("just prose\n")
    with pytest.raises(MalformedCapture, match="not a capture file: it is text that begins with 'just prose'"):
        open_session([tmp_path / "other.pcap"])
    assert len(open_session([tmp_path]).analysis.sources) == 1
