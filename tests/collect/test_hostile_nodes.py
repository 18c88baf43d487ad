"""Nodes that send garbage, lies, bombs and endless data: each fails alone, in bounded time and memory."""

from __future__ import annotations

import inspect
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from captools.collect.targets import Target
from tests.collect import hostile_agent
from tests.depth import DEEP

pytestmark = pytest.mark.lab
MAX_MEMORY = 1 << 30
# What nodes do: functions of hostile_agent.
KINDS = (
    "noise", "banner", "length", "kinds", "deep", "deep_texts", "huge", "names", "silent", "offsets", "bomb", "claims", "hashes",
    "endless", "never", "states", "words",
)  # fmt: skip


@pytest.fixture
def nodes(tmp_path) -> Iterator[list[Target]]:
    """Nodes with namespaces of their own, where python3 is the hostile agent of the node's name."""
    source = Path(inspect.getfile(hostile_agent))
    holders, found = [], []
    for kind in KINDS:
        folder = tmp_path / "agents" / kind
        folder.mkdir(parents=True)
        (folder / "agent.py").write_text(source.read_text())
        (folder / "python3").write_text(f"#!/bin/sh\nexec {sys.executable} {folder}/agent.py\n")
        (folder / "python3").chmod(0o755)
        script = f"mount --bind {folder} /usr/local/sbin && ip link set lo up && echo ready && exec sleep 600"
        holder = subprocess.Popen(["unshare", "--net", "--mount", "--uts", "sh", "-c", script], stdout=subprocess.PIPE)
        assert holder.stdout and holder.stdout.readline() == b"ready\n"
        holders.append(holder)
        found.append(Target(name=kind, transport="netns", pid=holder.pid))
    yield found
    for holder in holders:
        holder.kill()
        holder.wait()
        assert holder.stdout
        holder.stdout.close()


def test_each_fails_alone_and_the_good_node_is_whole(node, nodes, toml_of, tmp_path):
    out = tmp_path / "out" / "session"
    out.parent.mkdir()
    before = set(tmp_path.iterdir())
    config = toml_of(node.target("good"), *nodes)
    argv = [sys.executable, "-m", "captools.cli", "capture", "--config", str(config), "--all-nodes", "-i", "lo", "--yes",
            "--spool", "16MiB", "--out", str(out)]  # fmt: skip
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path / "out") as running:
        try:
            deadline = time.monotonic() + 60
            while not node.listening():
                assert time.monotonic() < deadline
                time.sleep(0.1)
            for _ in range(1 if DEEP else 2):  # the second time it leaves who does not hurry
                time.sleep(2)
                running.send_signal(signal.SIGINT)
            said = running.communicate(timeout=120)[1].decode()
        finally:
            running.kill()
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert "Traceback" not in said and "\x1b" not in said and "\x07" not in said
    manifest = json.loads((out / "session.json").read_text())
    points = {point["node"]: point for point in manifest["points"]}
    assert points["good"]["ok"]
    assert [name for name, point in points.items() if point["ok"]] == ["good"]
    assert {one["name"] for one in manifest["nodes"]} == {"good", *KINDS}
    assert memory < MAX_MEMORY
    assert set(tmp_path.iterdir()) == before | {config} and list(out.parent.iterdir()) == [out]
    files = list(out.rglob("*"))
    assert all(path.resolve().is_relative_to(out) for path in files) and not any("owned" in path.name for path in files)
    assert sum(path.stat().st_size for path in files if path.is_file()) < 1 << 30
    assert node.wait_until_alone() == []
