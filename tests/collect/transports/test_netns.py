"""The netns transport."""

from __future__ import annotations

import pytest

from captools.collect.targets import Target
from captools.collect.transports import netns
from captools.model.errors import ToolMissing
from tests.collect.transports.contract import Contract, Way, kill

TARGET = Target(name="w1", transport="netns", pid=4242)


@pytest.mark.lab
class TestNetns(Contract):
    @pytest.fixture
    def way(self, node) -> Way:
        return Way(node.target(), kill)


def test_net_mount_and_uts_are_entered_without_the_users_own_ssh_connection():
    argv = netns.argv(TARGET, "hostname")
    assert {"--target=4242", "--net", "--mount", "--uts"} <= set(argv) and argv[-3:] == ["/bin/sh", "-c", "hostname"]
    assert argv[argv.index("-u") + 1] == "SSH_CONNECTION"


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("nsenter: cannot open /proc/4242/ns/net: No such file or directory\n", "process 4242"),
        ("nsenter: reassociate to namespace 'ns/net' failed: Operation not permitted\n", "no permission to enter"),
    ],
)
def test_what_nsenter_says_becomes_a_sentence(said, wrong):
    explained = netns.explain(TARGET, said)
    assert explained is not None and wrong in explained[0]


def test_a_node_that_has_gone_is_told_by_nsenters_own_words():
    done = Way(Target(name="w1", transport="netns", pid=2**22 + 1), kill).run("true")
    explained = netns.explain(TARGET, done.stderr.decode())
    assert done.returncode and explained is not None and "does not run" in explained[0]


def test_the_nodes_own_words_are_left_to_others():
    assert netns.explain(TARGET, "sh: 1: No such file or directory") is None


def test_without_nsenter_the_tool_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match="nsenter"):
        netns.argv(TARGET, "true")
