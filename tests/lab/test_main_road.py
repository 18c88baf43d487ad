"""The main job as a user does it: captools capture on the lab's nodes, Ctrl-C, then ask."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from captools.lab.cluster import Lab
from captools.lab.topology import CURL_POD, ROUTER, VIP_DEDICATED, Mode, webpod_on
from captools.lab.traffic import http, ping
from captools.model.units import from_rfc3339

pytestmark = pytest.mark.lab
CAPTOOLS = (sys.executable, "-m", "captools.cli")


def ask(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CAPTOOLS, *words], capture_output=True, text=True, timeout=60, check=False)


def capturing(lab: Lab, out: Path, *words: str) -> subprocess.Popen[str]:
    """Start a capture and wait until every tool of it listens (its manifest then exists with all points started)."""
    argv = [*CAPTOOLS, "capture", "--config", str(lab.config_file), "--out", str(out), *words]
    running = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    manifest, limit = out / "session.json", time.monotonic() + 30
    while time.monotonic() < limit and running.poll() is None:
        if manifest.exists():
            points = json.loads(manifest.read_text())["points"]
            if points and all(point["started"] or not point["ok"] for point in points):
                return running
        time.sleep(0.05)
    running.kill()
    raise AssertionError(f"the capture did not start: {running.communicate()[1]}")


def test_ctrl_c_keeps_everything_and_the_session_answers(lab_of, tmp_path: Path) -> None:
    lab = lab_of(Mode.NATIVE_BROKEN)
    out = tmp_path / "session"
    running = capturing(lab, out, "--all-nodes")
    pod = lab.machine(CURL_POD.name)
    fine = ping(pod, webpod_on("k8s-w1").ip, identifier=41)
    dead = ping(pod, webpod_on("k8s-w0").ip, identifier=42)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, stdout.strip()) == (0, str(out)), stderr
    paths = json.loads(ask("paths", "--json", str(out)).stdout)["paths"]
    by_id = {path["flow"].get("icmp_id"): path for path in paths}
    # The last packet before Ctrl-C is in the files: all three of each ping, and the answers.
    assert by_id[41]["packets"] == fine.flows[0].sent + fine.flows[0].answered == 6
    assert by_id[42]["packets"] == dead.flows[0].sent == 3
    assert [hop["point"] for hop in by_id[42]["hops"]][-1] == "router/eth0"
    done = ask("findings", str(out), "--fail-on", "error")
    assert done.returncode == 1 and "routing-black-hole" in done.stdout


def test_a_single_file_of_a_session_and_a_folder_of_loose_files_answer_too(lab_of, tmp_path: Path) -> None:
    lab = lab_of(Mode.NATIVE, endpoint_routes=True)
    out, loose = tmp_path / "session", tmp_path / "loose"
    running = capturing(lab, out, "--node", "k8s-w1")
    truth = http(lab.machine(ROUTER), VIP_DEDICATED, "/", "/", "/")
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=60) == 0
    loose.mkdir()
    for file in out.glob("*.pcap"):
        (loose / file.name).write_bytes(file.read_bytes())
    for source in (str(out), str(out / "k8s-w1__eth1.pcap"), str(loose)):
        found = json.loads(ask("requests", "--json", source).stdout)["requests"]
        assert sum(1 for one in found if one["client"] == ROUTER_IP) == len(truth.requests), source


def test_one_node_that_cannot_be_reached_does_not_stop_the_others(lab_of, tmp_path: Path) -> None:
    lab = lab_of(Mode.NATIVE)
    config = tmp_path / "captools.toml"
    text = lab.config_file.read_text().replace('"inventory"', f'"{lab.directory}/inventory"')
    for name in ("ssh/config", "ssh/id_ed25519"):
        text = text.replace(f'"{name}"', f'"{lab.directory}/{name}"')
    config.write_text(f'{text}\n[nodes.k8s-gone]\ntransport = "netns"\npid = 999999999\n')
    out = tmp_path / "session"
    done = ask(
        "capture",
        "--config",
        str(config),
        "--node",
        "k8s-gone",
        "--node",
        "k8s-w1",
        "--duration",
        "1s",
        "--out",
        str(out),
    )
    assert done.returncode == 4, done.stderr
    assert "k8s-gone" in done.stderr and "Traceback" not in done.stderr
    told = ask("findings", str(out))
    assert "capture-incomplete" in told.stdout and "k8s-gone" in told.stdout


def test_stamps_are_nanoseconds_of_the_node(lab_of, tmp_path: Path) -> None:
    lab = lab_of(Mode.NATIVE)
    out = tmp_path / "session"
    running = capturing(lab, out, "--node", "k8s-ctr")
    truth = ping(lab.machine(CURL_POD.name), webpod_on("k8s-w1").ip, identifier=77)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=60) == 0
    paths = json.loads(ask("paths", "--json", str(out)).stdout)["paths"]
    assert any(path["flow"].get("icmp_id") == 77 for path in paths)
    info = json.loads(ask("info", "--json", str(out)).stdout)["points"]
    first = min(from_rfc3339(point["first"]) for point in info if point["first"])
    flow = truth.flows[0]
    assert from_rfc3339(flow.started) - 1_000_000 <= first <= from_rfc3339(flow.ended)


ROUTER_IP = "192.168.10.200"
