"""The ssh transport."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from captools.collect.targets import Target
from captools.collect.transports import ssh
from captools.model.errors import ToolMissing

TARGET = Target(
    name="w1", address="192.0.2.1", user="root", port=2222, key=Path("/k"), ssh_config=Path("/c")
)  # fmt: skip


@pytest.fixture
def argv():
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    return ssh.argv(TARGET, "echo 'a b' \"$HOME\"")


def test_the_host_cannot_be_taken_for_an_option_and_the_line_reaches_sh_whole(argv):
    assert argv[-3:-1] == ["--", "192.0.2.1"]
    assert shlex.split(argv[-1]) == ["exec", "/bin/sh", "-c", "echo 'a b' \"$HOME\""]


def test_the_connection_is_strict_alone_and_fast(argv):
    options = {
        argv[i + 1].partition("=")[0]: argv[i + 1].partition("=")[2] for i, part in enumerate(argv) if part == "-o"
    }
    assert (
        options["StrictHostKeyChecking"] == "yes" and options["BatchMode"] == "yes" and options["ControlPath"] == "none"
    )
    assert options["Ciphers"].startswith("aes128-gcm@openssh.com,") and "-C" not in argv and "-T" in argv
    assert (
        options["IdentitiesOnly"] == "yes"
        and argv[argv.index("-F") + 1] == "/c"
        and argv[argv.index("-p") + 1] == "2222"
    )


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("ssh: connect to host 192.0.2.1 port 22: Connection refused\n", "connection refused"),
        ("ssh: connect to host 192.0.2.1 port 22: Connection timed out\n", "no answer"),
        ("ssh: Could not resolve hostname w1: Name or service not known\n", "does not resolve"),
        ("No ED25519 host key is known for n1 …\nHost key verification failed.\n", "host key is not known here"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n",
            "not the one in known",
        ),
        ("root@192.0.2.1: Permission denied (publickey).\n", "login refused"),
        ("kex_exchange_identification: Connection closed by remote host\n", "closed"),
    ],
)
def test_what_ssh_says_becomes_a_sentence(said, wrong):
    explained = ssh.explain(TARGET, said)
    assert explained is not None and wrong in explained[0] and "root@192.0.2.1:2222" in explained[0] and explained[1]


def test_other_words_are_not_explained_away():
    assert ssh.explain(TARGET, "Traceback (most recent call last)") is None


def test_without_an_ssh_client_the_tool_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match="no ssh client"):
        ssh.argv(TARGET, "true")
