"""``captools nodes``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from captools.cli.nodes import command
from captools.model.errors import UsageError

TOML = """
[nodes.here]
transport = "local"
[nodes.gone]
transport = "netns"
pid = 4194303
role = "router"
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "captools.toml").write_text(TOML)
    return str(tmp_path / "captools.toml")


def test_the_table_shows_every_node_and_its_way(config):
    done = CliRunner().invoke(command, ["--config", config], standalone_mode=False)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["NODE", "TRANSPORT", "WAY", "ROLE"]
    assert rows[1] == ["here", "local", "this", "machine", "node"] and rows[2][-1] == "router"
    assert config in done.stderr and done.return_value == 0


def test_check_reaches_each_node_and_exits_4_where_one_does_not_answer(config):
    done = CliRunner().invoke(command, ["--config", config, "--check", "--json"], standalone_mode=False)
    document = json.loads(done.stdout)
    here, gone = document["nodes"]
    assert document["schema"] == 1 and here["ok"] is True and "lo" in here["interfaces"]
    assert gone["ok"] is False and gone["error"].startswith("gone: ") and done.return_value == 4


def test_without_a_captools_toml_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("CAPTOOLS_CONFIG", raising=False)
    done = CliRunner().invoke(command, [], standalone_mode=False)
    assert isinstance(done.exception, UsageError) and "captools nodes --help" in str(done.exception)
