"""The one road: SOURCE… in, an analysis with findings out, and every damage told."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct

import pandas as pd
import pytest

import captools
from captools.model.errors import MalformedCapture, UsageError
from captools.pipeline import Session, open_session
from captures import case
from captures.build import EN10MB, LINUX_SLL2, ethernet, ipv4, pcap, pcapng, sll2, udp
from tests.small_session import CLIENT, ROUTER, START, W1, handshake, write_session

S1, S8 = case("s1-native-route-black-hole").folder, case("s8-ingress-dedicated-snat").folder


def test_open_gives_packets_as_a_pandas_frame_and_findings_as_dictionaries():
    session = captools.open(S1)
    assert isinstance(session, Session)
    frame = session.packets()
    assert isinstance(frame, pd.DataFrame) and len(frame) == len(session.analysis.packets)
    assert str(frame["time"].dtype) == "timestamp[ns, tz=UTC][pyarrow]"
    assert {"k8s-ctr/eth1", "router/eth0"} <= set(frame["point"])
    assert [one["rule"] for one in session.findings()] == ["routing-black-hole"]


def test_every_source_is_told_with_its_digest_counts_and_times(tmp_path):
    folder = write_session(tmp_path / "s")
    analysis = open_session([folder]).analysis
    w1 = analysis.source(W1)
    assert w1.sha256 == hashlib.sha256((folder / W1).read_bytes()).hexdigest()
    assert (w1.point, w1.role, w1.packets, w1.linktype, w1.user_filter) == ("k8s-w1/eth1", "nic", 3, 1, "tcp")
    assert (w1.first_ns, w1.last_ns) == (START + 50_000, START + 2_050_000)
    assert (w1.started_ns, w1.stopped_ns) == (START - 10**9, START + 9_500_000_000)
    assert (w1.counts.received, w1.counts.dropped, w1.snaplen) == (4, 1, 262_144)
    assert analysis.title == "s" and analysis.warnings == ()


def test_a_packet_seen_at_two_points_is_one_packet_of_one_path(tmp_path):
    analysis = open_session([write_session(tmp_path / "s")]).analysis
    (path,) = analysis.paths
    assert (path.flow.src, path.flow.sport, path.packets) == (CLIENT, 40000, 3)
    assert [hop.point for hop in path.hops if hop.way.value == "forward"] == ["router/eth1", "k8s-w1/eth1"]


def test_a_truncated_file_keeps_its_whole_records_and_says_where_it_ends(tmp_path):
    path = tmp_path / "router__eth1.pcap"
    path.write_bytes(pcap(handshake())[:-1])
    analysis = open_session([path]).analysis
    assert len(analysis.packets) == 2 and "record 3 at byte" in analysis.sources[0].damage
    (warning,) = analysis.warnings
    assert str(path) in warning and "the 2 whole records before it are read" in warning


def test_a_cut_packed_file_is_damage_even_where_the_cut_falls_between_two_records(tmp_path):
    whole = pcap([(START + at, handshake()[0][1]) for at in range(5_000)])
    path = tmp_path / "router__eth1.pcap.gz"
    path.write_bytes(gzip.compress(whole, 0)[: len(whole) // 2])
    analysis = open_session([path]).analysis
    assert 0 < len(analysis.packets) < 5_000 and "gzip data end early" in analysis.sources[0].damage


def test_a_damaged_file_the_user_named_is_an_error_and_one_found_in_a_folder_a_warning(tmp_path):
    folder = write_session(tmp_path / "s")
    (folder / ROUTER).write_text("no capture")
    with pytest.raises(MalformedCapture, match="not a capture file"):
        open_session([folder / ROUTER])
    analysis = open_session([folder]).analysis
    assert len(analysis.packets) == 3
    (warning,) = analysis.warnings
    assert ROUTER in warning and warning.endswith("the other files are read")
    failed = [one for one in analysis.sources if not one.ok]
    assert [one.point for one in failed] == ["router/eth1"] and "not a capture file" in failed[0].error


def test_a_point_whose_file_is_gone_is_still_a_source_that_saw_nothing(tmp_path):
    folder = write_session(tmp_path / "s")
    (folder / ROUTER).unlink()
    analysis = open_session([folder]).analysis
    gone = analysis.source(ROUTER)
    assert (gone.ok, gone.packets, gone.error) == (False, 0, "no capture file is there")
    assert "capture-incomplete" in {one.rule for one in analysis.findings}


def test_two_files_of_one_name_stay_two_sources(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / W1).write_bytes(pcap(handshake()))
    analysis = open_session([tmp_path / "a", tmp_path / "b", tmp_path / "b" / W1]).analysis
    assert len({one.name for one in analysis.sources}) == 3 and len(analysis.packets) == 9


def test_a_pcapng_file_with_several_interfaces_gives_a_point_each(tmp_path):
    frames = [(at % 2, ts, frame) for at, (ts, frame) in enumerate(handshake())]
    path = tmp_path / "x.pcapng"
    path.write_bytes(pcapng(frames, interfaces=((EN10MB, "ens5"), (EN10MB, "ens6"))))
    analysis = open_session([path]).analysis
    assert analysis.packets["point"].to_pylist() == ["ens5", "ens6", "ens5"] and analysis.sources[0].point == ""


def test_a_loose_file_that_names_no_point_is_called_by_its_stem(tmp_path):
    path = tmp_path / "dump.2023.pcap"
    path.write_bytes(pcap(handshake()))
    assert set(open_session([path]).analysis.packets["point"].to_pylist()) == {"dump"}


def test_interfaces_of_any_are_named_from_that_nodes_own_list_only(tmp_path):
    folder = write_session(tmp_path / "s")
    frames = [(ts, sll2(frame[14:], ifindex=7)) for ts, frame in handshake()]
    for node in ("k8s-w1", "router"):
        (folder / f"{node}__any.pcap").write_bytes(pcap(frames, linktype=LINUX_SLL2))
    rows = open_session([folder]).analysis.packets
    found = dict(zip(rows["source"].to_pylist(), rows["point"].to_pylist(), strict=True))
    assert (found["k8s-w1__any.pcap"], found["router__any.pcap"]) == ("k8s-w1/eth1", "router/#7")


def test_http_rows_point_at_their_own_packets_across_all_sources():
    analysis = open_session([S8]).analysis
    packets = analysis.packets.select(["source", "frame"]).to_pylist()
    heads = analysis.http.to_pylist()
    assert len({one["source"] for one in heads}) > 2
    for one in heads:
        assert packets[one["row"]] == {"source": one["source"], "frame": one["frame"]}


def test_dns_rows_point_at_their_own_packets_across_all_sources(tmp_path):
    question = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\4shop\0" + struct.pack("!HH", 1, 1)
    asked = ethernet(ipv4(udp(question, sport=40_000, dport=53), src="10.0.0.1", dst="10.0.0.2", proto=17))
    other = ethernet(ipv4(udp(b"no dns", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17))
    for name, frames in (("a__eth0", [other, other, asked]), ("b__eth0", [other, asked])):
        (tmp_path / f"{name}.pcap").write_bytes(pcap([(START + at, frame) for at, frame in enumerate(frames)]))
    analysis = open_session([tmp_path]).analysis
    packets, found = analysis.packets.to_pylist(), analysis.dns.to_pylist()
    assert [(one["qname"], packets[one["row"]]["dport"], one["frame"]) for one in found] == [
        ("shop", 53, 3),
        ("shop", 53, 2),
    ]
    assert all(packets[one["row"]]["source"] == one["source"] for one in found)
    assert len(analysis.tls) == 0


def test_findings_come_gravest_first():
    order = ["error", "warning", "note"]
    for name in ("s1-native-route-black-hole", "wireguard-leak", "s2-vxlan-overlay"):
        found = [order.index(one.severity.value) for one in open_session([case(name).folder]).analysis.findings]
        assert found == sorted(found) and found


def test_a_damaged_inventory_file_is_a_warning_and_the_rest_goes_on(tmp_path):
    folder = write_session(tmp_path / "s")
    (folder / "inventory" / "router__ip-link.json").write_text(json.dumps([{"ifindex": "x", "ifname": 5}]))
    analysis = open_session([folder]).analysis
    assert len(analysis.packets) == 6 and analysis.cluster.node("k8s-w1") is not None


def test_nothing_named_is_the_users_fault():
    with pytest.raises(UsageError):
        open_session([])
