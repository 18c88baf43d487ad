"""Reaching a node without capturing."""

from __future__ import annotations

import os
import shutil
import socket

import pytest

from captools.collect.reach import reach
from captools.collect.targets import LOCAL, Target
from captools.model.errors import CaptureFailed


def test_this_machine_tells_of_itself():
    facts = reach(LOCAL)
    assert facts.hostname == socket.gethostname() and facts.euid == os.geteuid()


def test_a_closed_port_is_one_sentence(tmp_path):
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused for certain
        (tmp_path / "config").write_text("")
        target = Target(name="w1", address="127.0.0.1", port=taken.getsockname()[1], ssh_config=tmp_path / "config")
        with pytest.raises(CaptureFailed, match="w1: connection refused"):
            reach(target)


@pytest.mark.lab
def test_a_host_key_that_is_not_known_is_refused(node):
    target = node.sshd()
    (node.folder / "known_hosts").write_text("")
    with pytest.raises(CaptureFailed, match="n1: its host key is not known here"):
        reach(target)


@pytest.mark.lab
def test_a_login_that_prints_first_does_not_disturb(node):
    target = node.sshd()
    text = (node.folder / "authorized").read_text()
    (node.folder / "authorized").write_text(
        f'command="echo Welcome; echo to node 1; eval \\"$SSH_ORIGINAL_COMMAND\\"" {text}'
    )
    assert reach(target).hostname == "n1"
