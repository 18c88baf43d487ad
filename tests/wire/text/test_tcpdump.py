"""Whole tcpdump logs: one row per packet, doubts told once."""

from __future__ import annotations

import pytest

from captools.wire.text.tcpdump import read_tcpdump

ICMP = (
    "tcpdump: data link type LINUX_SLL2\n"
    "listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes\n"
    "02:57:08.004967 eth1  In  IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 698, seq 1, length 64\n"
    "02:57:08.004983 eth0  Out IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 698, seq 1, length 64\n"
)


def test_each_line_is_a_row_with_its_line_number_point_and_time(no_io):
    found = read_tcpdump(ICMP, "router/any")
    assert [(row["point"], row["direction"]) for row in found.rows] == [("router/eth1", "in"), ("router/eth0", "out")]
    assert found.rows[1]["ts_ns"] - found.rows[0]["ts_ns"] == 16_000
    assert (found.lines, found.linktype, found.dated) == ([3, 4], 276, False)


def test_names_of_interfaces_are_not_trusted_where_the_file_was_read_elsewhere():
    found = read_tcpdump(ICMP.replace("listening on any", "reading from file a.pcap"), "router/any")
    assert [row["point"] for row in found.rows] == ["router/any", "router/any"]
    assert any("interface names are those of the machine that read" in one for one in found.warnings)


def test_a_file_name_without_a_node_still_tells_its_interfaces_apart():
    assert [row["point"] for row in read_tcpdump(ICMP, "mylog").rows] == ["mylog/eth1", "mylog/eth0"]


def test_packets_that_are_not_understood_keep_their_row_and_are_told_once():
    text = ICMP + "02:57:09.000000 STP 802.1d, Config, Flags [none], length 42\n" * 2
    found = read_tcpdump(text, "router/any")
    assert [row.get("decode_stop") for row in found.rows] == [None, None, "unread-text", "unread-text"]
    assert "2 of 4 packets are not understood, the first on line 5" in found.warnings


def test_host_names_are_told_once_with_what_to_do():
    found = read_tcpdump("10:00:00.000000 IP curl-pod.80 > 10.0.0.1.http: tcp 0\n" * 2, "r/e")
    assert [one for one in found.warnings if "line 1 names a host instead of its address; tcpdump -n" in one]


@pytest.mark.parametrize(
    ("head", "below", "complete"),
    [
        ("length 70: HTTP: GET /x HTTP/1.1", "", False),
        ("length 70: HTTP, length: 70", "\tGET /x HTTP/1.1\n\tHost: a\n\t\n", True),
        ("length 70: HTTP: GET /x HTTP/1.1", "E..x..GET /x HTTP/1.1\r\nHost: a\r\n\r\n", True),
        ("length 70", "E..x..GET /x HTTP/1.1\nHost: a\n\n", True),
    ],
    ids=["first line", "-v", "-A", "-A on a port of its own"],
)
def test_http_heads_in_all_forms(head, below, complete):
    line = f"10:00:00.000000 IP 1.1.1.1.5 > 2.2.2.2.80: Flags [P.], seq 1:71, ack 1, win 5, {head}\n{below}"
    (found,) = read_tcpdump(ICMP + line, "r/e").heads
    assert (found["row"], found["path"], found["method"], found["complete"]) == (2, "/x", "GET", complete)
    assert found["host"] == ("a" if complete else None)


def test_hex_dumps_hold_no_heads():
    line = "10:00:00.000000 IP 1.1.1.1.5 > 2.2.2.2.80: Flags [P.], seq 1:71, ack 1, win 5, length 70\n"
    assert read_tcpdump(f"{line}\t0x0000:  4854 5450  x HTTP/1.1 200 OK\n", "r/e").heads == []
