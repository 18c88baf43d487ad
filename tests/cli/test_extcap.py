"""captools extcap as Wireshark calls it; a capture by tshark itself is in tests/collect/test_live_command.py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import one_sentence

TOML = '[nodes.local]\ntransport = "local"\n[nodes.k8s-w1]\naddress = "192.0.2.1"\n'


@pytest.fixture
def config(tmp_path, monkeypatch) -> Path:
    """A captools.toml, and a home of its own for what is kept."""
    for name, place in (("HOME", "home"), ("XDG_CACHE_HOME", "home/cache"), ("XDG_CONFIG_HOME", "home/.config")):
        monkeypatch.setenv(name, str(tmp_path / place))
    monkeypatch.delenv("CAPTOOLS_CONFIG", raising=False)
    path = tmp_path / "captools.toml"
    path.write_text(TOML)
    return path


def test_interfaces_link_types_and_options_are_told_without_reaching_a_node(captools, config):
    done = captools("extcap", "--config", config, "--extcap-interfaces", "--extcap-version=4.0")
    assert (done.code, done.err) == (0, "")
    assert "interface {value=captools-k8s-w1}{display=captools: node k8s-w1}" in done.out.splitlines()
    done = captools("extcap", "--extcap-interface", "captools-k8s-w1", "--extcap-dlts")
    assert done.out.startswith("dlt {number=1}{name=EN10MB}")
    done = captools(
        "extcap", "--config", config, "--extcap-config", "--extcap-interface", "captools-k8s-w1", "--new-option"
    )
    assert done.code == 0 and "{call=--interfaces}" in done.out


def test_the_nodes_interfaces_are_asked_for_by_reload_and_offered_from_then_on(captools, config):
    words = ("extcap", "--config", config, "--extcap-config", "--extcap-interface", "captools-local")
    assert "value {arg=1}{value=lo}" not in captools(*words).out
    done = captools(*words, "--extcap-reload-option", "interface")
    known = subprocess.run(["ip", "-o", "link", "show", "up"], capture_output=True, text=True, check=True).stdout
    names = {line.split(": ")[1].partition("@")[0] for line in known.splitlines()}
    assert done.code == 0 and all(f"value {{arg=1}}{{value={name}}}" in done.out for name in names)
    assert all(f"value {{arg=1}}{{value={name}}}" in captools(*words).out for name in names)


@pytest.mark.parametrize(
    ("bpf", "says"),
    [("udp port 53", ""), ("udp prot 53", "syntax error"), ("bad((", "leaves 2 bracket(s) open")],
)
def test_a_capture_filter_is_checked_and_what_is_wrong_is_printed(captools, config, bpf, says):
    words = ("--config", config, "--extcap-interface", "captools-local")
    done = captools("extcap", *words, "--extcap-capture-filter", bpf)
    assert (done.code, done.err) == (0, "") and (says in done.out if says else done.out == "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--extcap-interface", "eth0", "--extcap-config"], "eth0 is none of captools' interfaces"),
        (["--extcap-interface", "captools-local"], "nothing was asked for"),
        ([], "is none of captools' interfaces"),
        (["--extcap-interface", "captools-local", "--capture", "--fifo", "/nowhere/x"], "cannot be written to"),
        (
            ["--extcap-interface", "captools-local", "--capture", "--fifo", "/dev/null", "--roles", "x"],
            "'x' is no role",
        ),
        (
            ["--extcap-interface", "captools-local", "--capture", "--fifo", "/dev/null", "--pods", "a/b"],
            "no pod 'a/b'",
        ),
        (
            ["--extcap-interface", "captools-local", "--capture", "--fifo", "/dev/null", "--buffer", "x"],
            "is not a size",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_on_stderr_which_wireshark_shows(captools, config, words, says):
    done = captools("extcap", "--config", config, *words)
    assert done.code == 2 and done.out == "" and says in one_sentence(done)


def test_without_a_toml_and_without_a_cluster_there_is_nothing_to_list(captools, config, monkeypatch, tmp_path):
    config.unlink()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = captools("extcap", "--extcap-interfaces")
    assert done.code == 0 and done.out.startswith("extcap {version=") and len(done.out.splitlines()) == 1


def test_tshark_lists_the_nodes_after_install(process, config, tmp_path):
    done = process("extcap", "--install", "--config", config)
    assert done.code == 0 and f"with the nodes of {config}; delete this file to take it out again" in done.out
    listed = subprocess.run(["tshark", "-D"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "captools-k8s-w1 (captools: node k8s-w1)" in listed and "captools (captools: several nodes" in listed
    options = subprocess.run(
        ["tshark", "-L", "-i", "captools-k8s-w1"], capture_output=True, text=True, timeout=60, check=True
    )  # fmt: skip
    assert "EN10MB" in options.stdout + options.stderr
