"""Where the list of nodes is looked for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from captools.collect.places import known_nodes, pick_targets, search, ssh_host
from captools.model.errors import UsageError


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[nodes.a]\ntransport = 'local'\n")
    return path


def test_the_order_is_option_environment_folder_lab_home(tmp_path):
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    environ = {"HOME": str(home)}
    assert search(None, environ, here) is None
    user = put(home / ".config/captools/captools.toml")
    assert search(None, environ, here) == user
    lab = put(home / ".local/state/captools/lab/one/captools.toml")
    assert search(None, environ, here) == lab
    local = put(here / "captools.toml")
    assert search(None, environ, here) == local
    named = put(tmp_path / "other.toml")
    assert search(None, {**environ, "CAPTOOLS_CONFIG": str(named)}, here) == named
    option = put(tmp_path / "option.toml")
    assert search(option, {**environ, "CAPTOOLS_CONFIG": str(named)}, here) == option


def test_of_two_labs_the_newer_one_is_taken(tmp_path):
    old, new = (put(tmp_path / f"captools/lab/{name}/captools.toml") for name in ("z", "a"))
    os.utime(old, (1, 1))
    assert search(None, {"HOME": "/nonexistent", "XDG_STATE_HOME": str(tmp_path)}, tmp_path) == new


def test_a_named_file_that_is_missing_is_never_skipped(tmp_path):
    put(tmp_path / "captools.toml")
    with pytest.raises(UsageError, match=r"no such file \(from \$CAPTOOLS_CONFIG\)"):
        search(None, {"CAPTOOLS_CONFIG": str(tmp_path / "gone")}, tmp_path)


def test_the_environment_of_this_process_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("CAPTOOLS_CONFIG", str(put(tmp_path / "x.toml")))
    config = known_nodes(None)
    assert config is not None and [target.name for target in config.targets] == ["a"]
    targets, said = pick_targets(config, ["a"])
    assert targets == config.targets and said == (f"nodes from {tmp_path / 'x.toml'}",)


def test_without_a_file_local_is_this_machine_and_other_names_are_ssh_hosts():
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    targets, said = pick_targets(None, ["local", "some-host"])
    assert [(one.name, one.transport) for one in targets] == [("local", "local"), ("some-host", "ssh")]
    assert len(said) == 1 and "some-host is tried as an ssh host" in said[0] and "@some-host:22" in said[0]


def test_a_name_that_ssh_does_not_reach_is_looked_for_among_the_kubernetes_nodes(kube, monkeypatch):
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    monkeypatch.setenv("KUBECONFIG", str(kube.kubeconfig))
    kube.node("w1.invalid")  # a name that no DNS will ever know (RFC 6761)
    targets, said = pick_targets(None, ["w1.invalid", "w2.invalid"])
    assert [(one.name, one.transport) for one in targets] == [("w1.invalid", "kubectl"), ("w2.invalid", "ssh")]
    assert "w1.invalid is the Kubernetes node of context lab (as an ssh host: " in said[0]
    assert "w2.invalid is tried as an ssh host" in said[1]


def test_an_ssh_host_that_lets_us_in_is_one_though_the_cluster_has_a_node_of_that_name(kube, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(kube.kubeconfig))
    kube.node("w1.invalid")
    for code, transport in (("0", "ssh"), ("255", "kubectl")):
        # ssh as a program that answers -G like OpenSSH, and lets us in or not.
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin/ssh").write_text(
            f'#!/bin/sh\ncase "$1" in -G) echo hostname w1.invalid;; *) exit {code};; esac\n'
        )
        (tmp_path / "bin/ssh").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
        assert pick_targets(None, ["w1.invalid"])[0][0].transport == transport


def test_a_name_ssh_does_not_accept_is_a_usage_error():
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    with pytest.raises(UsageError, match="ssh does not accept"):
        ssh_host("a b;c\nd")
