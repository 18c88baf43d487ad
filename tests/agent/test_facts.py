"""What the agent gathers on a node."""

from __future__ import annotations

import json
import os
import select
import shutil
import time

import pytest

from captools.agent import facts


def test_json_arrays_are_joined_as_text_so_that_repeated_keys_survive():
    first = '[{"dst":"172.20.2.0/24","encap":"ip","dst":"192.168.20.100"}]\n'
    joined = facts.join_json_arrays([first, "[]", '[{"dst":"default"}]'])
    assert joined == '[{"dst":"172.20.2.0/24","encap":"ip","dst":"192.168.20.100"},{"dst":"default"}]'
    assert json.loads(facts.join_json_arrays(["[]", "[ ]\n"])) == []


def test_the_network_state_is_json_that_names_the_loopback():
    if shutil.which("ip") is None:
        pytest.skip("needs iproute2")
    links = json.loads(facts.network(["ip-link.json"])["ip-link.json"])
    assert "lo" in [link["ifname"] for link in links]


def test_no_command_can_print_a_private_key():
    commands = [argv for commands in facts.NETWORK.values() for argv in commands]
    assert [argv for argv in commands if argv[0] == "wg"] == [["wg", "show"]]
    assert not [argv for argv in commands if "showconf" in argv or "dump" in argv or argv[0] == "cilium"]


def test_a_group_means_its_files_and_a_name_nobody_knows_means_nothing():
    assert facts.wanted(["quick", "wg.txt", "../../etc/shadow"]) == list(facts.QUICK)
    assert set(facts.wanted(None)) == {*facts.QUICK, *facts.SLOW, *facts.FILES, facts.SYSCTL}
    assert facts.network(["/etc/passwd"]) == {}


def test_settings_are_written_as_sysctl_writes_them(tmp_path):
    for name, value in (("eth1.100", "1"), ("lxc9", "2")):
        (tmp_path / "net/ipv4/conf" / name).mkdir(parents=True)
        (tmp_path / "net/ipv4/conf" / name / "rp_filter").write_text(f"{value}\n")
    (tmp_path / "net/ipv4/ip_local_port_range").write_text("32768\t60999\n")
    assert facts.settings(str(tmp_path)).splitlines() == [
        "net.ipv4.ip_local_port_range = 32768 60999",
        "net.ipv4.conf.eth1/100.rp_filter = 1",
        "net.ipv4.conf.lxc9.rp_filter = 2",
    ]


def programs(folder, monkeypatch, **scripts):
    """Put programs of a node into a folder that comes first: a kernel without them has no other way."""
    for name, script in scripts.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_iptables_is_asked_only_where_nft_says_nothing(tmp_path, monkeypatch):
    programs(tmp_path, monkeypatch, nft="exit 1", iptables_save="echo '*filter'", ip6tables_save="echo '*filter'")
    assert facts.network(["iptables.txt", "nft.txt"]) == {"iptables.txt": "*filter\n*filter\n"}
    programs(tmp_path, monkeypatch, nft='echo "table inet x {"')
    assert facts.network(["iptables.txt", "nft.txt"]) == {"nft.txt": "table inet x {\n"}


def test_an_endpoint_is_told_without_its_policies():
    told = facts.endpoints(
        '[{"id": 7, "status": {"policy": {"x": "hunter2"}, "identity": {"id": 5}}, "spec": "hunter2"}]'
    )
    assert json.loads(told) == [{"id": 7, "status": {"identity": {"id": 5}}}]
    assert [facts.endpoints(odd) for odd in ("", "[3]", '[{"id": 1}]', "null", "[" * 100_000)] == [""] * 5


def test_a_cilium_agent_that_hangs_costs_only_its_own_words(tmp_path, monkeypatch):
    monkeypatch.setattr("captools.agent.outputs.COMMAND_TIMEOUT_S", 1.0)
    programs(
        tmp_path, monkeypatch, cilium_dbg='case "$1" in status) exec sleep 60;; endpoint) echo "[]";; *) exit 1; esac'
    )
    texts, times = facts.taken(["cilium-status.txt", "cilium-endpoints.json"])
    assert texts == {"cilium-endpoints.json": "[]\n"} and list(times) == ["cilium-endpoints.json"]


def test_facts_are_gathered_beside_the_loop_and_nothing_stays(tmp_path, monkeypatch):
    programs(tmp_path, monkeypatch, nft="sleep 0.3; echo 'table ip nat {'")
    before = time.time_ns()
    later = facts.Later(["nft.txt", "sysctl.txt"])
    assert later.read() is None
    while (answer := later.read()) is None:
        select.select([later], [], [], 5)
    assert answer["network"]["nft.txt"] == "table ip nat {\n" and "ip_forward" in answer["network"]["sysctl.txt"]
    assert before < answer["taken"]["nft.txt"] < time.time_ns()
    with pytest.raises(ChildProcessError):
        os.waitpid(later._child, os.WNOHANG)


def test_a_gathering_that_is_ended_early_leaves_no_child(tmp_path, monkeypatch):
    programs(tmp_path, monkeypatch, nft="exec sleep 60")
    later = facts.Later(["nft.txt"])
    later.close()
    later.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(later._child, os.WNOHANG)


def test_gather_tells_ssh_connection_and_what_sudo_said(monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    monkeypatch.setenv("CAPTOOLS_SUDO_SAID", "sudo: a password is required")
    told = facts.gather()
    assert told["ssh_connection"] == "192.0.2.1 50000 192.0.2.2 22" and "password" in told["sudo_said"]


def test_programs_that_hang_do_not_keep_the_greeting_back(tmp_path, monkeypatch):
    monkeypatch.setattr(facts, "GREETING_S", 0.5)
    programs(tmp_path, monkeypatch, wg="exec sleep 60", ngrep="exec sleep 60", tcpdump="echo tcpdump version 4.99.3")
    started = time.monotonic()
    told = facts.gather()
    assert time.monotonic() - started < 5 and "wg.txt" not in told["network"]
    assert told["tools"]["tcpdump"]["version"] == "tcpdump version 4.99.3" and told["tools"]["ngrep"]["version"] == ""


def test_the_greeting_tells_what_may_be_done_and_where_there_is_room():
    told = facts.gather()
    assert int(told["capabilities"], 16) >= 0 and told["spool_free"] > 0
    assert facts.libpcap("tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)\n") == "1.10.3"
    assert facts.libpcap("libpcap version") == facts.libpcap("") == ""
