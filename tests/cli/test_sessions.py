"""``captools capture --detach`` and the commands that find it again, as their users run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from captools.cli.sessions import _age

pytestmark = pytest.mark.lab
SEND = """
import socket
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(20):
    link.sendto(b"captools-test %d" % number + bytes(2000), ("127.0.0.1", 7799))
"""


@pytest.fixture
def captools(tmp_path):
    """Run captools with a state folder of its own; return its result."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    environ = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "COLUMNS": "200"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        program = (sys.executable, "-c", "from captools.cli.main import run; run()")
        return subprocess.run(
            [*program, *words], capture_output=True, text=True, timeout=60, env=environ, cwd=tmp_path, check=False
        )

    return run


def test_a_detached_capture_is_listed_fetched_and_stopped(captools, tmp_path):
    assert "everything is home" in captools("sessions").stderr
    ring = ("--ring", "4MB", "--keep", "5m", "--spool-dir", str(tmp_path))
    words = ("-i", "lo", "-f", "udp port 7799", "--buffer", "8MiB", "--no-kubectl")
    done = captools("capture", "--node", "local", *words, *ring, "--detach", "--out", "s")
    assert done.returncode == 0 and "captools stop s-" in done.stderr and "runs on" in done.stderr, done.stderr
    name = done.stderr.rpartition("captools stop ")[2].split()[0]
    subprocess.run([sys.executable, "-c", SEND], check=True)

    listed = json.loads(captools("sessions", "--json").stdout)
    assert [(one["capture"], one["state"], one["nodes"], one["points"]) for one in listed["captures"]] == [
        (name, "detached", ["local"], 1)
    ]
    shown = captools("sessions")
    assert name in shown.stdout and f"captools stop {name} ends it" in shown.stderr

    done = captools("fetch", name)
    assert done.returncode == 2 and f"captools snapshot {name} --last 5m" in done.stderr

    done = captools("snapshot", "s", "--last", "1h", "--out", "event", "--json")
    assert done.returncode == 0, done.stderr
    point = json.loads(done.stdout)["points"][0]
    assert 10 < point["packets"] <= 20 and point["ok"] and point["file"] == "local__lo.pcap"
    assert json.loads((tmp_path / "event/session.json").read_text())["complete"] is True

    done = captools("stop", name[:5], "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == 1 and document["complete"] and document["points"][0]["packets"] == 20
    assert (tmp_path / "s/local__lo.pcap").read_bytes().count(b"captools-test") == 20
    assert "everything is home" in captools("sessions").stderr
    assert not list(Path(tmp_path).rglob("*.seg"))


def test_a_node_tells_what_lies_there_whoever_began_it(captools, tmp_path):
    words = ("-i", "lo", "-f", "udp port 7799", "--buffer", "8MiB", "--no-kubectl")
    assert captools("capture", "--node", "local", *words, "--detach", "--out", "s").returncode == 0
    try:
        (mine,) = [
            one
            for one in json.loads(captools("sessions", "--node", "local", "--json").stdout)["captures"]
            if one["session"] == str(tmp_path / "s")
        ]
        assert mine["state"] == "running" and mine["node"] == "local" and mine["points"] == 1
        assert mine["capture"] in captools("sessions", "--node", "local").stdout
    finally:
        assert captools("stop", "s").returncode == 0


@pytest.mark.parametrize(("seconds", "text"), [(3, "3s"), (90, "2m"), (7200, "2h"), (200000, "2d"), (-5, "0s")])
def test_ages_are_short(seconds, text):
    assert _age(seconds) == text
