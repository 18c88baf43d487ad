"""Names, filters and patterns that a shell or an option parser would run: on the node they are words and nothing else."""

from __future__ import annotations

import json
import os
import threading

import pytest

from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.targets import Target
from captools.collect.transports import prepare
from captools.model.errors import CaptoolsError
from tests.collect.kube_fixtures import AGENT

pytestmark = pytest.mark.lab
# Linux takes them all as interface names; run by a shell or taken as an option, each makes a file called ran.
INTERFACES = (
    ";>ran;",
    "$(>ran)",
    "`>ran`",
    "|tee${IFS}ran",
    "-wran",
    "&>ran&",
    "--",
    "-O",
    "'>ran'",
    '">ran',
    "\x1b[2J>ran",
)


def watched(node, here) -> set[str]:
    """Return the files called ran that a run shell could have made: where it stands, and at home."""
    return {str(folder) for folder in (here, "/", os.environ.get("HOME", "/root")) if os.path.exists(f"{folder}/ran")}


@pytest.mark.parametrize("way", ["netns", "ssh", "kubectl"])
def test_interfaces_with_hostile_names_are_captured_at_and_run_nothing(way, node, kube, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in INTERFACES:
        node.inside("ip", "link", "add", "dev", name, "type", "bridge")
        node.inside("ip", "link", "set", "dev", name, "up")
    kube.pod("agent-1", "n1", pid=node.pid, **AGENT)
    by_kubectl = Target(name="n1", transport="kubectl", kubeconfig=kube.kubeconfig)
    target = {"netns": node.target, "ssh": node.sshd, "kubectl": lambda: prepare(by_kubectl)}[way]()
    stop = threading.Event()
    wanted = tuple(f"n1/{name.replace('[', '[[]')}" for name in INTERFACES)
    request = CaptureRequest(targets=(target,), interfaces=wanted, bpf="udp", out=tmp_path / "session")
    started = threading.Event()
    threading.Thread(target=lambda: (started.wait(60), stop.set()), daemon=True).start()
    made = capture(request, stop=stop, started=started)
    assert sorted(point.interface for point in made.points) == sorted(INTERFACES)
    assert [point.error for point in made.points if not point.ok] == []
    assert watched(node, tmp_path) == set()
    session = tmp_path / "session"
    assert all((session / point.file).resolve().parent == session.resolve() for point in made.points)
    assert all(name.isprintable() for name in os.listdir(session))


@pytest.mark.parametrize(
    "words",
    ["udp; touch {}", "$(touch {})", "`touch {}`", "-w {}", "--version", "udp\n touch {}\n", "' ; touch {} ; '"],
)
def test_a_hostile_filter_is_a_filter_that_does_not_parse(words, node, tmp_path):
    marker = tmp_path / "ran"
    request = CaptureRequest(
        targets=(node.target(),), interfaces=("eth1",), bpf=words.format(marker), out=tmp_path / "session"
    )
    with pytest.raises(CaptoolsError, match=r"syntax|expression|illegal|unknown|can't|filter"):
        capture(request, stop=threading.Event())
    assert not marker.exists() and not (tmp_path / "session").exists()


@pytest.mark.parametrize("words", ["$(touch {})", "-O {}"])
def test_a_hostile_pattern_is_a_pattern(words, node, tmp_path):
    marker, stop, started = tmp_path / "ran", threading.Event(), threading.Event()
    request = CaptureRequest(
        targets=(node.target(),), interfaces=("eth1",), tool="ngrep", match=words.format(marker), out=tmp_path / "s"
    )
    threading.Thread(target=lambda: (started.wait(60), stop.set()), daemon=True).start()
    made = capture(request, stop=stop, started=started)
    assert not marker.exists()
    argv = json.loads((tmp_path / "s/session.json").read_text())["points"][0]["argv"]
    assert made.points[0].match == words.format(marker) and argv[argv.index("--") + 1] == words.format(marker)
