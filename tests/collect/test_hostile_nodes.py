"""Nodes that send garbage, lies, bombs and endless data: each fails alone, in bounded time and memory, and writes nowhere else."""

from __future__ import annotations

import inspect
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from captools.collect.targets import Target
from tests.collect import hostile_agent

pytestmark = pytest.mark.lab
MAX_MEMORY = 700 << 20
# What a node does -> the end of the capture there; "" where it could be anything but good.
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
    chosen = os.environ.get("ONLY", ",".join(KINDS)).split(",")
    config = toml_of(node.target("good"), *(one for one in nodes if one.name in chosen))
    argv = [sys.executable, "-m", "captools.cli", "capture", "--config", str(config), "--all-nodes", "-i", "lo", "--yes",
            "--duration", "2s", "--out", str(out)]  # fmt: skip
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path / "out") as running:
        said = running.communicate(timeout=120)[1].decode()
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(said, memory >> 20, "MiB")
    assert "Traceback" not in said and "\x1b" not in said and "\x07" not in said
    manifest = json.loads((out / "session.json").read_text())
    points = {point["node"]: point for point in manifest["points"]}
    assert points["good"]["ok"]
    assert [name for name, point in points.items() if point["ok"]] == ["good"]
    assert {one["name"] for one in manifest["nodes"]} == {"good", *chosen}
    assert memory < MAX_MEMORY
    assert set(tmp_path.iterdir()) == before | {config} and list(out.parent.iterdir()) == [out]
    files = [path for path in out.rglob("*")]
    assert all(path.resolve().is_relative_to(out) for path in files) and not any("owned" in path.name for path in files)
    assert shutil.disk_usage(out).total and sum(path.stat().st_size for path in files if path.is_file()) < 300 << 20
    assert node.wait_until_alone() == []
