"""Capture filters: tcpdump is the judge of what lets a packet by."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from captools.correlate.paths.bpf import Header, passes
from captures.build import arp, ethernet, icmp_echo, ipv4, ipv6, pcap, tcp, udp

A, B, A6, B6 = "172.20.0.88", "172.20.2.33", "fd00::1", "fd00::2"
PACKETS = {
    Header(src=A, dst=B, proto=6, sport=40000, dport=80): ethernet(
        ipv4(tcp(sport=40000, dport=80), src=A, dst=B, proto=6)
    ),
    Header(src=B, dst=A, proto=17, sport=8472, dport=53): ethernet(
        ipv4(udp(b"x", sport=8472, dport=53), src=B, dst=A, proto=17)
    ),
    Header(src=A, dst=B, proto=1): ethernet(ipv4(icmp_echo(ident=1, seq=1), src=A, dst=B, proto=1)),
    Header(src=A6, dst=B6, proto=6, sport=443, dport=5000): ethernet(
        ipv6(tcp(sport=443, dport=5000), src=A6, dst=B6, proto=6), kind=0x86DD
    ),
    Header(src=A, dst=B, proto=0, arp=True): ethernet(arp(op=2, sender=A, target=B), kind=0x0806),
}
READ = [
    "", "tcp", "udp", "icmp", "ip", "ip6", "arp", "not tcp", "! icmp", "host 172.20.0.88", "src host 172.20.0.88",
    "dst 172.20.0.88", "src 172.20.0.88 and dst 172.20.2.33", "net 172.20.0.0/24", "dst net 172.20.2.0/24",
    "port 80", "tcp port 80", "udp port 80", "src port 443", "dst port 53", "port 80 or 443", "port 80 or port 53",
    "tcp and (port 80 or port 443)", "not (udp port 8472 or icmp)", "host fd00::1", "src or dst port 80",
    "src and dst net 172.20.0.0/16", "ip proto 17", "ip6 proto 6", "portrange 400-500", "tcp portrange 70-90",
    "host 172.20.0.88 and not port 22", "icmp or udp and port 53", "port http", "tcp src port 443", "ip host 172.20.2.33",
    "net fd00::/8", "udp && port 53 || icmp", "host 172.20.0.88 or 172.20.9.9 and tcp",
    "not arp", "arp or tcp port 80", "arp host 172.20.2.33", "arp and src host 172.20.0.88", "arp net 172.20.3.0/24",
]  # fmt: skip
UNREAD = ["vlan", "vlan 5 and tcp", "tcp[13] & 2 != 0", "less 100", "ether host 02:00:00:00:00:01", "host webserver",
          "net 172.20", "greater 60 and tcp", "ip broadcast", "ip proto \\tcp"]  # fmt: skip


@pytest.fixture(scope="module")
def tcpdump_passes(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("bpf")
    files = {}
    for number, (header, frame) in enumerate(PACKETS.items()):
        files[header] = folder / f"{number}.pcap"
        files[header].write_bytes(pcap([(1, frame)]))

    def ask(expression: str, header: Header) -> bool:
        run = subprocess.run(["tcpdump", "-nn", "-r", files[header], *([expression] if expression else [])],
                             capture_output=True, text=True, check=True)  # fmt: skip
        return bool(run.stdout.strip())

    return ask


@pytest.mark.parametrize("expression", READ)
def test_what_is_read_is_what_tcpdump_says(expression, tcpdump_passes):
    told = {header: passes(expression, header) for header in PACKETS}
    assert told == {header: tcpdump_passes(expression, header) for header in PACKETS}


@pytest.mark.parametrize("expression", UNREAD)
def test_what_is_beyond_is_not_guessed(expression):
    # A part that settles it alone may do so: a packet that is no TCP passes no "… and tcp".
    answers = {passes(expression, header) for header in PACKETS if header.proto == 6}
    assert answers == {None}


def test_a_port_that_is_not_known_leaves_it_open():
    header = Header(src=A, dst=B, proto=17, dport=8472)
    assert passes("udp port 8472", header) is True
    assert passes("src port 53", header) is None
    assert passes("src port 53 and tcp", header) is False


@pytest.mark.parametrize("expression", ["(tcp", "tcp )", "and", "port", "not", "tcp port", "src"])
def test_broken_filters_pass_for_unknown(expression):
    assert passes(expression, next(iter(PACKETS))) is None
