"""What the agent gathers on a node."""

from __future__ import annotations

import json
import shutil

import pytest

from captools.agent import facts


def test_json_arrays_are_joined_as_text_so_that_repeated_keys_survive():
    first = '[{"dst":"172.20.2.0/24","encap":"ip","dst":"192.168.20.100"}]\n'
    joined = facts.join_json_arrays([first, "[]", '[{"dst":"default"}]'])
    assert joined == '[{"dst":"172.20.2.0/24","encap":"ip","dst":"192.168.20.100"},{"dst":"default"}]'
    assert json.loads(facts.join_json_arrays(["[]", "[ ]\n"])) == []


def test_a_program_that_is_missing_or_fails_is_none():
    assert facts.run(["no-such-program-anywhere"]) is None
    assert facts.run(["false"]) is None
    assert facts.run(["echo", "hello"]) == "hello\n"


def test_programs_in_sbin_are_found_whatever_the_login_set(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert facts.run(["echo", "x"]) == "x\n"


def test_the_network_state_is_json_that_names_the_loopback():
    if shutil.which("ip") is None:
        pytest.skip("needs iproute2")
    links = json.loads(facts.network(["ip-link.json"])["ip-link.json"])
    assert "lo" in [link["ifname"] for link in links]


def test_no_command_can_print_a_private_key():
    commands = [argv for commands in facts.NETWORK.values() for argv in commands]
    assert [argv for argv in commands if argv[0] == "wg"] == [["wg", "show"]]


def test_gather_tells_ssh_connection_and_what_sudo_said(monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    monkeypatch.setenv("CAPTOOLS_SUDO_SAID", "sudo: a password is required")
    told = facts.gather()
    assert told["ssh_connection"] == "192.0.2.1 50000 192.0.2.2 22" and "password" in told["sudo_said"]
