"""The way in: tables of the schemas, whatever the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from captools.model.packets import HTTP, PACKETS
from captools.model.session import ToolCounts
from captools.wire.text.read import read_text_log

PIECES = st.sampled_from(
    ["IP ", "IP6 ", "02:57:08.004967 ", "1418145369.9 ", "    1  ", "eth1  In  ", "10.0.0.1", ".80", " > ", ": ", "fe80::1",
     "Flags [S], ", "seq 4294967296:1, ", "ack 9, ", "options [", "mss 99999999,", "sack 1 {1:2}", "], ", "length 64", "ICMP ",
     "ICMP6, ", "echo request, id 9, ", "OTV, flags [I] (0x08), overlay 0, instance 7", "\n", "\t", "    ", "(tos 0x0, ttl 999, ",
     "proto TCP (6)", ")", "Geneve, Flags [C], vni 0x", "GREv0, length 9: ", "ARP, ", "Request who-has ", "tell ",
     "T 2025/08/20 09:35:14.972128 ", "10.0.2.15:45812 -> 172.20.1.102:9080 [AP] #4\n", "GET / HTTP/1.1.\n", "interface: e\n",
     "filter: ip\n", "####\n", "  GET / HTTP/1.1..Host: a....", "frag (0|9) ", "VXLAN, flags [I] (0x08), vni 16777216\n",
     "02:00:00:00:00:01 > 02:00:00:00:00:02, ", "ethertype IPv4 (0x0800), ", "vlan 9999, p 0, ", "ifindex 99999999999 ",
     "listening on e, link-type RAW\n", "9" * 30, "packets captured\n", "\x1b[31m", "\0", "\ufeff", "٣", "HTTP: GET / HTTP/1.1"]
)  # fmt: skip
TEXT = st.one_of(st.text(max_size=300), st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=40).map("".join))
START = "02:57:08.004967 IP 10.0.0.1.1 > 10.0.0.2.2: UDP, length 1\n"


@given(TEXT, st.sampled_from(["", START, "interface: e\nfilter: ip\n"]))
def test_any_text_gives_tables_and_nothing_raises(text, start):
    log = read_text_log(start + text, "log.txt", "n/i")
    assert log.packets.schema == PACKETS and log.http.schema == HTTP
    assert log.packets["frame"].to_pylist() == list(range(1, len(log.packets) + 1))
    assert len(log.lines) == len(log.packets) and list(log.lines) == sorted(set(log.lines))
    assert all(0 <= row < len(log.packets) for row in log.http["row"].to_pylist())
    assert log.packets["ts_ns"].null_count == log.packets["point"].null_count == 0


def test_text_that_is_no_log_says_so():
    log = read_text_log("hello", "log.txt", "n/i")
    assert (log.kind, len(log.packets), log.counts) == ("", 0, ToolCounts())
    assert log.warnings == ("it is neither tcpdump's nor ngrep's text",)


def test_a_log_brings_its_kind_counts_and_lines(no_io):
    log = read_text_log(f"{START}\n1 packet captured\n", "log.txt", "n/i")
    assert (log.kind, log.counts.captured, log.lines, log.linktype) == ("tcpdump", 1, (1,), None)
    assert log.packets.select(["source", "point", "frame"]).to_pylist() == [
        {"source": "log.txt", "point": "n/i", "frame": 1}
    ]
