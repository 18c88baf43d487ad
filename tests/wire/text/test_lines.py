"""Which lines belong to which packet, and what tcpdump says around them."""

from __future__ import annotations

import pytest

from captools.model.session import ToolCounts
from captools.wire.text.lines import MAX_LINE, clean_lines, is_packet, is_preamble, split
from tests.cpu import cpu_s

PACKET = "02:57:08.004967 IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 698, seq 1, length 64"


@pytest.mark.parametrize(
    "line",
    [
        PACKET,
        PACKET.replace("IP", "eth1  In  IP"),
        "1418145369.924505 ARP, Request who-has 10.1.5.1 tell 10.1.5.10, length 28",
        "    1  2025-10-03 16:30:14.343441 IP (tos 0x0, ttl 61, id 1, offset 0, flags [none], proto UDP (17), length 70)",
        " 00:00:00.000000 IP6 fe80::1 > ff02::2: ICMP6, router solicitation, length 16",
        "07:50:14.045245 aa:c1:ab:58:73:1e > Broadcast, ethertype ARP (0x0806), length 42: Request who-has 10.1.5.1",
        "IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 698, seq 1, length 64",
    ],
)
def test_lines_of_packets(line):
    assert is_packet(line)


@pytest.mark.parametrize(
    "line",
    [
        "Aug  6 18:34:25.150: default/curl-pod (ID:45966) <> 10.96.189.34:80 (world) pre-xlate-fwd TRACED (TCP)",
        "2025-08-20 09:35:14.972128 INFO server started",
        "60 bytes from 08:00:27:ed:ef:cd (192.168.10.211): index=0 time=4.792 usec",
        "10.10.0.0/16 via 192.168.10.200 dev eth1 proto static",
        "IP PREFIX/ADDRESS   IDENTITY",
        "",
    ],
)
def test_lines_of_other_tools_are_none(line):
    assert not is_packet(line) and not is_preamble(line)


def test_preambles_of_all_versions():
    assert is_preamble("listening on cilium_wg0, link-type RAW (Raw IP), capture size 262144 bytes")
    assert is_preamble(
        "tcpdump: listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes"
    )
    assert is_preamble("reading from file eth1.pcap, link-type EN10MB (Ethernet), snapshot length 262144")


def test_hex_dumps_and_ascii_belong_to_no_layer():
    entries = split(
        f"{PACKET}\n\t0x0000:  4500 0054 IP 1.2.3.4 > 5.6.7.8: x\nE..T..@.@.\nIP 9.9.9.9 > 8.8.8.8: in a payload\n{PACKET}"
    )
    assert [(entry.line, len(entry.layers), len(entry.below)) for entry in entries.packets] == [(1, 1, 3), (5, 1, 0)]


def test_counts_link_type_and_runs():
    entries = split(
        f"listening on eth1, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n{PACKET}\n^C\n1 packet captured\n"
        "2 packets received by filter\n0 packets dropped by kernel\n"
        f"reading from file x.pcap, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144\n{PACKET}\n"
        "listening on x, link-type IEEE802_11_RADIO (802.11), snapshot length 1\n"
    )
    assert entries.counts == ToolCounts(captured=1, received=2, dropped=0)
    assert [entry.run for entry in entries.packets] == [1, 2]
    assert (entries.linktypes, entries.from_file) == ([None, 1, 276, None], [False, False, True, False])


def test_without_times_every_packet_line_begins_one():
    bare = PACKET[16:]
    assert [entry.line for entry in split(f"{bare}\n\t0x0000:  4500\n{bare}").packets] == [1, 3]


def test_colours_and_line_ends_of_other_systems_are_left_out():
    assert list(clean_lines("\ufeffa\x1b[01;31mb\x1b[0m\r\nc")) == ["ab", "c"]
    assert [len(line) for line in clean_lines("x" * 3 * MAX_LINE)] == [MAX_LINE]


@pytest.mark.parametrize(
    "line",
    [
        "1:" * 200_000,
        "IP " + "a > " * 100_000,
        "02:57:08.004967 IP " + "(" * 300_000,
        "02:57:08.004967 IP 1.2.3.4 > 5.6.7.8: Flags [" + "S" * 300_000,
        "02:57:08.004967 IP 1.2.3.4.5 > 5.6.7.8.9: Geneve, Flags [C], vni 0x1, options [" + "[" * 300_000,
        "02:57:08.004967 IP6 1::2 > 3::4: " + "HBH (a) " * 60_000,
    ],
    ids=["macs", "ends", "brackets", "flags", "options", "extensions"],
)
def test_hostile_lines_cost_no_more_than_their_length(line, rows_of):
    short = cpu_s(lambda: rows_of(f"{PACKET}\n{line}\n"))
    assert cpu_s(lambda: rows_of(f"{PACKET}\n" + f"{line}\n" * 4)) < 12 * short + 0.5
