"""Whole ngrep logs."""

from __future__ import annotations

import pytest

from captools.wire.text.ngrep import is_packet, read_ngrep
from captools.wire.text.stamps import NO_TIME, NO_ZONE

HEAD = "interface: lxc1\nfilter: ( tcp port 9080 ) and ((ip || ip6))\n####\n"
ASK = "T 2025/08/20 09:35:14.972128 10.0.2.15:45812 -> 172.20.1.102:9080 [AP] #4\n"
BYLINE = "GET / HTTP/1.1.\nhost: a.\nx-forwarded-for: 192.168.10.200.\n.\n\n##\n"


def test_a_packet_has_its_ends_flags_and_time(no_io):
    found = read_ngrep(HEAD + ASK + BYLINE, "k8s-w1/lxc1")
    (row,) = found.rows
    assert (row["point"], row["sport"], row["dport"], row["proto"], row["tcp_flags"]) == (
        "k8s-w1/lxc1",
        45_812,
        9080,
        6,
        0x18,
    )
    assert (found.lines, found.dated, found.warnings) == ([4], True, [NO_ZONE])
    assert "payload_len" not in row and "seq" not in row


@pytest.mark.parametrize(
    "payload",
    [
        BYLINE,
        BYLINE.replace(".\n\n##\n", "\n"),
        "GET / HTTP/1.1\nhost: a\nx-forwarded-for: 192.168.10.200\n\n",
        "  GET / HTTP/1.1..host: a..x-forw\n  arded-for: 192.168.10.200....\n#\n",
        "GET / HTTP/1.1..host: a..x-forwarded-for: 192.168.10.200....\n",
    ],
    ids=["byline", "without the lone dot", "without dots", "folded", "none"],
)
def test_the_head_is_the_same_in_every_form(payload):
    (head,) = read_ngrep(HEAD + ASK + payload, "n/i").heads
    assert (head["path"], head["host"], head["xff"], head["row"]) == ("/", "a", ["192.168.10.200"], 0)


def test_the_single_line_form_has_the_payload_behind_the_header():
    line = ASK.replace(" #4\n", " ") + "GET / HTTP/1.1..host: a....\n"
    found = read_ngrep(HEAD + line, "n/i")
    assert found.heads[0]["host"] == "a" and len(found.rows) == 1


def test_blanks_that_a_paste_cut_off_at_the_fold_are_put_back():
    text = HEAD + ASK + "  GET / HTTP/1.1..cookie: a=b; c\n  =d..connection:\n  Keep-Alive, TE....\n"
    (head,) = read_ngrep(text, "n/i").heads
    assert dict(head["headers"])["connection"] == "Keep-Alive, TE"


def test_a_packet_pasted_twice_is_one():
    found = read_ngrep(HEAD + ASK + BYLINE + ASK + BYLINE, "n/i")
    assert len(found.rows) == len(found.heads) == 1
    assert "line 11 repeats a packet above and is left out" in found.warnings


def test_without_dash_t_packets_have_no_time_and_may_repeat():
    line = "U 203.115.225.24:53 -> 64.90.164.74:53\n  .....m.razor2....\n#\n"
    found = read_ngrep("interface: any\nfilter: ip\n#\n" + line * 2, "n/i")
    assert [(row["proto"], row["ts_ns"]) for row in found.rows] == [(17, 0), (17, 0)]
    assert found.warnings == [NO_TIME] and not found.dated


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("I 10.1.5.1 -> 10.1.5.10 3:4 #5", {"proto": 1, "icmp_type": 3, "icmp_code": 4}),
        ("T(6) 10.0.0.1:1 -> 10.0.0.2:2 [AFSRPUEC]", {"proto": 6, "tcp_flags": 0xFF}),
        ("T 2001:db8::1:59201 -> 2001:db8::2:80 [A] #50", {"ip_version": 6, "sport": 59_201, "dport": 80}),
        ("? 10.0.0.1 -> 10.0.0.2", {"ip_version": 4}),
        ("T +0.000808 10.0.0.1:1 -> 10.0.0.2:2 [AP]", {"ts_ns": 808_000, "tcp_flags": 0x18}),
    ],
)
def test_header_lines_of_every_kind(line, expected):
    assert is_packet(line)
    (row,) = read_ngrep(f"{line}\n", "n/i").rows
    assert {name: row[name] for name in expected} == expected


def test_the_pattern_is_kept_because_nothing_negative_rests_on_such_a_capture():
    assert read_ngrep("interface: e\nfilter: ip\nmatch (JIT): GET\n", "n/i").match == "match (JIT): GET"
    assert read_ngrep(HEAD, "n/i").match
