"""TCP figures against tshark's own analysis: retransmissions, keepalives, closed windows, duplicate acknowledgments.

What we know to tell otherwise: tshark takes the copies that a capture makes of one packet (``any`` on a router, a mirror)
for retransmissions, where we count a packet once; of what is repeated within a round trip it tells by other rules whether
it was sent again or out of order; and the answers to keepalives look like duplicate acknowledgments to it where it missed
the keepalive.
"""

from __future__ import annotations

import subprocess
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from captools.pipeline import open_session
from captures import case

LOSSY = ("retransmissions", "mtu-black-hole", "broken-off", "bulk-vxlan", "s16-without-encryption", "s14-policy-drop")
REAL = ("large/zeek-bro.org.pcap", "tcp/tcp-retransmission-gw.cap", "tcp/practical-tcp_retransmissions.pcapng",
        "k8s/flannel-mtu-issue.cap", "nat-two-sided/http-long-conn-2pt/1-gw-eth1.cap",
        "nat-two-sided/keepalive-block-rst-2pt/2-gw-eth2.pcapng", "tls/zeek-tls1.2.pcap")  # fmt: skip
QUICK = {"mtu-icmp", "nat-two-sided/tcp-mtu-4pt/2-gw-eth1.cap", "geneve/mercury-geneve.pcap"}
_FLAGS = {"again": "tcp.analysis.retransmission", "out of order": "tcp.analysis.out_of_order",
          "keepalives": "tcp.analysis.keep_alive", "closed": "tcp.analysis.zero_window",
          "duplicates": "tcp.analysis.duplicate_ack"}  # fmt: skip
Key = tuple[str, str, str, str]
Told = dict[Key, Counter[str]]


def by_tshark(file: Path) -> Told:
    """Return what tshark's analysis flags of each direction, by innermost addresses and ports."""
    ends = ("ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "tcp.dstport")
    argv = [
        "tshark",
        "-n",
        "-r",
        str(file),
        "-d",
        "udp.port==8472,vxlan",
        "-Y",
        "tcp && !icmp",
        "-T",
        "fields",
        "-E",
        "occurrence=l",
    ]
    argv += [word for name in (*ends, *_FLAGS.values()) for word in ("-e", name)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found: Told = defaultdict(Counter)
    for line in done.stdout.splitlines():
        src, src6, dst, dst6, sport, dport, *flags = line.split("\t")
        key = src or src6, sport, dst or dst6, dport
        found[key].update(name for name, flag in zip(_FLAGS, flags, strict=True) if flag)
    return {key: counts for key, counts in found.items() if counts}


def ours(file: Path) -> Told:
    analysis = open_session([file]).analysis
    found: Told = defaultdict(Counter)
    for row in analysis.tcp.table.to_pylist():
        flow = analysis.paths[row["path"]].flow
        ends = (flow.src, str(flow.sport)), (flow.dst, str(flow.dport))
        key = (*ends[1], *ends[0]) if row["reply"] else (*ends[0], *ends[1])
        found[key].update({
            "again": row["retransmitted_segments"] + row["recovered_segments"], "out of order": row["reordered_segments"],
            "keepalives": row["keepalives"], "closed": row["zero_windows"], "duplicates": row["duplicate_acks"],
        })  # fmt: skip
    return {key: +counts for key, counts in found.items() if +counts}


def files_of(name: str) -> list[Path]:
    return [path for path in case(name).captures if path.stat().st_size > 24]


@pytest.mark.parametrize("name", LOSSY)
def test_every_point_of_a_case_counts_as_tshark_does(name: str):
    for file in files_of(name):
        assert ours(file) == by_tshark(file), file.name


@pytest.mark.parametrize("name", REAL)
def test_real_captures_are_counted_as_tshark_does(shared: Path, name: str):
    file = shared / "captures-real" / name
    assert ours(file) == by_tshark(file)


@pytest.mark.parametrize("name", sorted(QUICK))
def test_what_is_repeated_within_a_round_trip_may_be_either_and_is_counted_once(shared: Path, name: str):
    files = files_of(name) if name == "mtu-icmp" else [shared / "captures-real" / name]
    for file in files:
        told, wanted = ours(file), by_tshark(file)
        for counts in (*told.values(), *wanted.values()):
            counts["again"] += counts.pop("out of order", 0)
        assert told == wanted, file.name


def test_a_packet_that_any_shows_twice_is_counted_once(shared: Path):
    file = shared / "captures-real/nat-two-sided/tcp-mtu-4pt/4-gw-any-sll2.pcap"
    # Of the 13 packets of the request way, which it shows twice each, two were sent again after the ICMP error.
    assert sum(counts["again"] for counts in ours(file).values()) == 2
    assert sum(counts["again"] for counts in by_tshark(file).values()) > 2
