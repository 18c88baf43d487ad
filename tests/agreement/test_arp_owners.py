"""Who answered for an address in captures that others took of L2 announcements, held against tshark and tcpdump's text."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from captools.pipeline import open_session

L2 = "captures-real/cilium/l2-announcement-arp-http.cap"
PODS = "captures-real/text-logs/cilium-l2-pod-announcement-garp.tcpdump-pne.txt"
WITH_ARP = (
    L2, "captures-real/arp-ndp/practical-arp_resolution.pcapng", "captures-real/arp-ndp/practical-arp_gratuitous.pcapng",
    "captures-real/wireguard/zeek-spicy-wireguard.pcap", "captures-real/k8s/coredns-forward-any-sll2.cap",
    "captures-real/nat-two-sided/http-long-conn-2pt/2-gw-eth2.cap", "captures-real/tcp/tcp-retransmission-gw.cap",
    "captures-real/k8s/flannel-udp-http-json.pcap",
)  # fmt: skip


def claimed_by_tshark(path: Path) -> set[tuple[str, str]]:
    """Return (address, MAC) of each ARP reply and announcement."""
    fields = ["arp.opcode", "arp.src.proto_ipv4", "arp.dst.proto_ipv4", "arp.src.hw_mac"]
    argv = ["tshark", "-n", "-r", str(path), "-Y", "arp && !vxlan", "-T", "fields"]
    argv += [word for field in fields for word in ("-e", field)]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    return {(sender, mac) for op, sender, target, mac in rows if op == "2" or sender == target}


@pytest.mark.parametrize("name", WITH_ARP)
def test_the_owners_are_those_that_tshark_shows(shared, name):
    told = open_session([shared / name]).analysis.arp
    assert {(one.address, claim.mac) for one in told for claim in one.claims} == claimed_by_tshark(shared / name)


def test_the_announcing_node_of_the_l2_announcement_is_named_and_nothing_is_wrong_with_it(shared):
    analysis = open_session([shared / L2]).analysis
    (one,) = [one for one in analysis.arp if one.address == "172.18.0.201"]
    (claim,), (asker,) = one.claims, one.askers
    assert (claim.mac, claim.answers, claim.gratuitous) == ("02:42:ac:12:00:02", 1, 0)
    assert (asker.address, asker.asks) == ("172.18.0.1", 1) and one.spoke and not one.gaps
    assert not [found for found in analysis.findings if found.rule.startswith("vip-")]


def test_pod_announcements_in_a_text_log_are_gratuitous(shared):
    printed = re.findall(r"Reply (\S+) is-at (\S+),", (shared / PODS).read_text())
    told = [(one.address, claim.mac, claim.gratuitous, claim.answers)
            for one in open_session([shared / PODS]).analysis.arp for claim in one.claims]  # fmt: skip
    assert sorted(told) == sorted((address, mac, 1, 0) for address, mac in printed) and len(told) == 3


def test_arpings_of_the_field_logs_are_read_and_nothing_is_wrong_with_them(shared):
    analysis = open_session([shared / "field-logs"]).analysis
    assert {(run.address, run.macs[0]) for run in analysis.cluster.arpings} == {
        ("192.168.10.211", "08:00:27:ed:ef:cd"), ("192.168.10.212", "08:00:27:ed:ef:cd"),
    }  # fmt: skip
    assert not [found for found in analysis.findings if found.rule.startswith("vip-")]
