from __future__ import annotations

import os
import subprocess
import sys

import pytest

from captools.lab.preflight import envoy_path, require
from captools.lab.topology import Mode
from captools.model.errors import ExitCode, ToolMissing


def test_missing_packages_are_named_with_the_command_that_installs_them(needs_root, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="wireguard-go") as caught:
        require(Mode.WIREGUARD, offloads=True)
    assert caught.value.hint.startswith("apt-get install ")
    assert "nftables" in caught.value.message
    assert "ethtool" not in caught.value.message


def test_envoy_is_found_through_its_package():
    assert os.access(envoy_path(), os.X_OK)


@pytest.mark.lab
def test_without_root_there_is_one_line_and_exit_code_four(needs_root):
    code = (
        "import os, sys, captools.cli.lab, captools.lab.cluster, captools.views.text; from captools.cli.main import run;"
        "sys.argv = ['captools', 'lab', 'up']; os.seteuid(65534); run()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == ExitCode.NODE_FAILED, done.stderr
    assert done.stderr.count("\n") == 1
    assert "needs root" in done.stderr
