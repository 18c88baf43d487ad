"""Capture filters."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from captools.collect.filters import MAX_CONNECTIONS, check_user_filter, exclusion, point_filter
from captools.model.errors import UsageError

HERE = "192.0.2.9 50122 192.0.2.1 22"


def test_the_shipping_connection_stands_first_and_the_users_filter_in_brackets():
    assert point_filter([HERE], "icmp or arp") == (
        "not ((tcp and host 192.0.2.9 and host 192.0.2.1 and port 50122 and port 22)) and (icmp or arp)"
    )


@pytest.mark.parametrize(
    "text", ["", "UNKNOWN 65535 UNKNOWN 65535", "a b", "1.2.3.4 x 5.6.7.8 22", "1.2.3.4 0 5.6.7.8 22"]
)
def test_a_connection_ssh_does_not_know_is_left_alone(text):
    assert exclusion(text) == "" and point_filter([text], "udp") == "udp" and point_filter([text], " ") == ""


def test_ipv6_is_written_as_bpf_reads_it():
    assert "host fe80::1 and host fe80::2" in exclusion("fe80::1%eth0 50000 fe80::2%eth0 22")
    assert "host 192.0.2.9 and host 192.0.2.1" in exclusion("::ffff:192.0.2.9 50000 ::ffff:192.0.2.1 22")


def test_each_connection_is_left_out_once_and_their_number_is_bounded():
    many = [f"192.0.2.9 {port} 192.0.2.1 22" for port in range(2000, 2200)]
    assert point_filter([HERE, HERE], "").count("tcp") == 1
    assert point_filter(many, "").count("tcp") == MAX_CONNECTIONS


def test_libpcap_accepts_the_longest_filter_on_every_link_type_we_meet():
    program = shutil.which("tcpdump", path="/usr/bin:/usr/sbin")
    if program is None:
        pytest.skip("needs tcpdump")
    many = [f"fd00::9 {port} fd00::1 22" for port in range(2000, 2000 + MAX_CONNECTIONS)]
    expression = point_filter([HERE, *many], "udp port 8472")
    for linktype in ("EN10MB", "LINUX_SLL2", "RAW"):
        done = subprocess.run(
            [program, "-d", "-y", linktype, "--", expression], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (linktype, done.stderr)
        assert len(done.stdout.splitlines()) < 4096


@pytest.mark.parametrize("text", ["tcp) or (udp", "((tcp)", ")", "tcp and (port 80"])
def test_brackets_that_would_escape_are_refused(text):
    with pytest.raises(UsageError, match="bracket"):
        check_user_filter(text)


def test_ordinary_filters_pass():
    check_user_filter("tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420 and (port 80 or port 8080)")
