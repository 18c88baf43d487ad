"""Capture filters."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from captools.collect.planning.filters import (
    LOOPBACK,
    MAX_LEFT_OUT,
    check_user_filter,
    exclusion,
    left_out,
    point_filter,
    shipping,
)
from captools.collect.targets import Target
from captools.model.errors import UsageError

HERE = "192.0.2.9 50122 192.0.2.1 22"
SSH = Target(name="w1")
KUBE = Target(name="w1", transport="kubectl", host_ip="192.0.2.1", api="198.51.100.5 6443")


def test_the_shipping_connection_stands_first_and_the_users_filter_in_brackets():
    assert point_filter(shipping(SSH, HERE), "icmp or arp") == (
        "not ((tcp and host 192.0.2.9 and host 192.0.2.1 and port 22)) and (icmp or arp)"
    )


def test_a_connection_that_comes_back_from_another_port_is_left_out_too():
    assert shipping(SSH, HERE) == shipping(SSH, HERE.replace("50122", "50123"))


@pytest.mark.parametrize(
    "text", ["", "UNKNOWN 65535 UNKNOWN 65535", "a b", "1.2.3.4 x 5.6.7.8 22", "1.2.3.4 0 5.6.7.8 22"]
)
def test_a_connection_ssh_does_not_know_is_left_alone(text):
    assert exclusion(text) == "" and shipping(SSH, text) == () and point_filter((), "udp") == "udp"
    assert point_filter((), " ") == ""


def test_ipv6_is_written_as_bpf_reads_it():
    assert "host fe80::1 and host fe80::2" in exclusion("fe80::1%eth0 50000 fe80::2%eth0 22")
    assert "host 192.0.2.9 and host 192.0.2.1" in exclusion("::ffff:192.0.2.9 50000 ::ffff:192.0.2.1 22")


def test_by_kubectl_it_is_the_kubelet_the_api_server_and_the_runtimes_loopback():
    assert shipping(KUBE) == (
        "tcp and host 192.0.2.1 and port 10250", "tcp and host 198.51.100.5 and port 6443", LOOPBACK,
    )  # fmt: skip


def test_konnectivity_is_left_out_where_it_is_used_and_a_local_api_server_is_never_seen_on_a_node():
    by_agent = Target(name="w1", transport="kubectl", api="127.0.0.1 45000", konnectivity=True)
    assert shipping(by_agent) == ("tcp and port 8132", LOOPBACK)


def test_an_address_that_is_none_never_reaches_the_filter():
    odd = Target(name="w1", transport="kubectl", host_ip="1.2.3.4 or tcp", api="x) or (tcp 6443")
    assert shipping(odd) == (LOOPBACK,)


def test_each_way_home_is_left_out_once_and_their_number_is_bounded():
    many = [exclusion(f"192.0.2.9 50000 192.0.2.1 {port}") for port in range(2000, 2200)]
    assert len(left_out([many[0], many[0], ""])) == 1
    assert left_out(many) == tuple(many[:MAX_LEFT_OUT])
    assert point_filter(many, "").count("tcp") == MAX_LEFT_OUT


def test_libpcap_accepts_the_longest_filter_on_every_link_type_we_meet():
    program = shutil.which("tcpdump", path="/usr/bin:/usr/sbin")
    if program is None:
        pytest.skip("needs tcpdump")
    many = [exclusion(f"fd00::9 50000 fd00::1 {port}") for port in range(2000, 2000 + MAX_LEFT_OUT)]
    expression = point_filter([*shipping(KUBE), *many], "udp port 8472")
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
