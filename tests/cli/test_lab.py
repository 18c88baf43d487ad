from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def captools(*arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.argv[0] = 'captools'; from captools.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", code, "lab", *arguments],
        capture_output=True, text=True, timeout=60, env={**os.environ, "XDG_STATE_HOME": str(state)},
    )  # fmt: skip


def test_list_shows_every_scenario_and_says_how_to_start_a_lab(tmp_path):
    done = captools("list", state=tmp_path)
    assert done.returncode == 0
    assert "s13-wireguard-only" in done.stdout
    assert "captools lab up" in done.stdout


def test_an_unknown_scenario_is_a_usage_error(tmp_path):
    done = captools("record", "s99", "-o", str(tmp_path / "x"), state=tmp_path)
    assert done.returncode == 2
    assert "there are: " in done.stderr


def test_a_lab_name_that_is_a_path_is_a_usage_error(tmp_path):
    assert captools("down", "--name", "../x", state=tmp_path).returncode == 2


@pytest.mark.lab
def test_up_leaves_a_lab_running_that_list_shows_and_down_removes(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    up = captools("up", "--mode", "vxlan", "--name", "cli", state=tmp_path)
    assert up.returncode == 0, up.stderr
    config = Path(up.stdout.strip())
    assert config.is_file()
    (lab,) = json.loads(captools("list", "--json", state=tmp_path).stdout)["labs"]
    assert (lab["name"], lab["mode"], lab["running"]) == ("cli", "vxlan", True)
    ssh = ["ssh", "-F", str(config.parent / "ssh" / "config"), "k8s-w1", "hostname"]
    assert subprocess.run(ssh, capture_output=True, text=True, timeout=20).stdout == "k8s-w1\n"
    again = captools("up", "--name", "cli", state=tmp_path)
    assert again.returncode == 2 and "already running" in again.stderr
    down = captools("down", "--all", state=tmp_path)
    assert down.returncode == 0, down.stderr
    assert not config.parent.exists()
    assert captools("down", "--name", "cli", state=tmp_path).returncode == 0, "a second down is harmless"
