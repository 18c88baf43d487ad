"""``captools nodes``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from captools.cli.nodes import command
from captools.model.errors import UsageError
from captools.views.schemas import schema

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


def test_without_the_check_the_table_shows_every_node_and_its_way(config):
    done = CliRunner().invoke(command, ["--config", config, "--no-check"], standalone_mode=False)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["NODE", "TRANSPORT", "WAY", "ROLE"]
    assert rows[1] == ["here", "local", "this", "machine", "node"] and rows[2][-1] == "router"
    assert config in done.stderr and done.return_value == 0


def test_each_node_is_reached_and_one_that_does_not_answer_means_exit_4(config):
    done = CliRunner().invoke(command, ["--config", config, "--json"], standalone_mode=False)
    document = json.loads(done.stdout)
    here, gone = document["nodes"]
    assert document["schema"] == 1 and document["config"] == config
    assert here["ok"] is True and "lo" in here["interfaces"] and here["python"].startswith("3.")
    assert abs(here["clock_offset_ns"]) <= here["clock_error_ns"] and here["spool_free_bytes"] > 0
    assert gone["ok"] is False and gone["error"].startswith("gone: ") and gone["state"] == "no"
    assert done.return_value == 4
    judge = Draft202012Validator(schema("nodes"))
    judge.validate(document)
    for key in set(here) - {"ok", "error"}:
        assert not judge.is_valid({**document, "nodes": [{name: here[name] for name in here if name != key}]}), key


@pytest.mark.lab
def test_a_node_that_answers_and_cannot_be_captured_on_means_exit_4(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    hidden = [path for name in ("tcpdump", "ngrep") if (path := shutil.which(name)) is not None]
    script = "".join(f"mount --bind /dev/null {Path(one).resolve()} && " for one in hidden) + "echo && exec sleep 60"
    with subprocess.Popen(["unshare", "--mount", "--net", "sh", "-c", script], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None and holder.stdout.readline() == b"\n"
            (tmp_path / "captools.toml").write_text(f'[nodes.n1]\ntransport = "netns"\npid = {holder.pid}\n')
            done = CliRunner().invoke(command, ["--config", str(tmp_path / "captools.toml")], standalone_mode=False)
        finally:
            holder.kill()
    assert done.return_value == 4 and "no tcpdump and no ngrep there" in done.stdout
    assert done.stdout.splitlines()[1].split()[:6] == ["n1", "namespaces", "of", "process", str(holder.pid), "no"]


def test_the_line_of_a_node_says_what_works_and_the_next_what_to_fix(config):
    done = CliRunner().invoke(command, ["--config", config, "-v"], standalone_mode=False)
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["NODE", "WAY", "STATE", "TOOLS"]
    assert lines[1].startswith("here") and "tcpdump 4." in lines[1] and "±" in lines[1]
    assert any(line.startswith("    gone: ") for line in lines)


def test_only_the_nodes_named_are_asked(config):
    done = CliRunner().invoke(command, ["--config", config, "--node", "here"], standalone_mode=False)
    assert done.return_value == 0 and "gone" not in done.stdout


def test_without_any_list_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("CAPTOOLS_CONFIG", "KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    done = CliRunner().invoke(command, [], standalone_mode=False)
    assert isinstance(done.exception, UsageError) and "captools nodes --help" in str(done.exception)


def test_the_nodes_of_a_cluster_are_listed_without_a_captools_toml(kube, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, ["--kubeconfig", str(kube.kubeconfig), "--no-check"], standalone_mode=False)
    assert done.return_value == 0 and "nodes by kubectl (context lab)" in done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [["w1", "kubectl"]]


def test_a_kubernetes_node_without_an_agent_pod_is_told_and_nothing_is_made_there(kube, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, ["--kubeconfig", str(kube.kubeconfig)], standalone_mode=False)
    assert done.return_value == 4 and "w1: no agent pod there" in done.stdout
    assert "captools agent manifest" in done.stdout and {one.method for one in kube.asked} == {"GET"}
