"""captools demo: the main job from end to end, on the lab and, where there is none, on the reference captures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def demo(out: Path, *before: str) -> subprocess.CompletedProcess[str]:
    argv = [*before, sys.executable, "-m", "captools.cli", "demo", "--out", str(out)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


def reports(out: Path) -> set[str]:
    (run,) = out.iterdir()
    return {path.name for path in run.iterdir() if path.name.startswith("report.")}


@pytest.mark.lab
def test_it_builds_captures_over_ssh_explains_and_writes_the_reports(tmp_path: Path) -> None:
    done = demo(tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    assert "starting captures on all nodes" in done.stderr
    told = " ".join(done.stdout.split())  # statements are wrapped
    for word in ("Client leg 192.168.10.200:", "Proxy on k8s-w1", "X-Forwarded-For 192.168.10.200", "Backend leg 172.20.1.35:",
                 "tcpdump: OTV, instance 8 = reserved:ingress", "snat-ingress-ip", "snat-node-ip", "vxlan-encapsulated",
                 "VNI 45966 is the identity of default/curl-pod"):  # fmt: skip
        assert word in told, word
    assert "ERROR" not in told and "WARNING" not in told
    assert reports(tmp_path / "demo") == {"report.html", "report.md"}
    (session,) = (tmp_path / "demo").iterdir()
    nodes = json.loads((session / "session.json").read_text())["nodes"]
    assert nodes and {one["transport"] for one in nodes} == {"ssh"}


@pytest.mark.lab
def test_without_namespaces_it_says_so_in_one_line_and_shows_the_reference(tmp_path: Path) -> None:
    # Root without capabilities is what a user in a plain container has.
    done = demo(tmp_path / "demo", "setpriv", "--bounding-set=-all", "--inh-caps=-all")
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "no lab here" in line]
    assert len(said) == 1 and "reference" in said[0]
    assert "192.168.10.200" in done.stdout and "snat-ingress-ip" in done.stdout
    assert reports(tmp_path / "demo") == {"report.html", "report.md"}


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = demo(tmp_path / "file" / "demo")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "--out" in done.stderr
