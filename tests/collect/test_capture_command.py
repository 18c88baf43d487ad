"""``captools capture`` as its users run it: a process of its own, signals, pipes, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from captools.collect.targets import Target
from captools.wire.pcapng import read_pcapng
from tests.collect.faults import kill, processes

pytestmark = pytest.mark.lab
CAPTOOLS = (sys.executable, "-c", "from captools.cli.main import run; run()")


def start(*arguments: str, **options) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "COLUMNS": "120"}
    return subprocess.Popen(
        [*CAPTOOLS, "capture", "--buffer", "8MiB", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        **options,
    )


def wait_for_tcpdump(node, count: int = 1) -> None:
    """Wait until the tools on the node listen, and a moment longer, until their word of it has come back."""
    deadline = time.monotonic() + 20
    while node.listening() < count:
        assert time.monotonic() < deadline, "no tcpdump came up"
        time.sleep(0.05)
    time.sleep(1.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_keeps_everything_and_exits_0(node, toml_of, tmp_path, number):
    out = tmp_path / "s"
    config = toml_of(node.target())
    process = start("--config", str(config), "--node", "n1", "-f", "udp port 7777", "--out", str(out))
    wait_for_tcpdump(node)
    node.send(5)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    assert stdout.decode().strip() == str(out)
    assert (out / "n1__eth1.pcap").read_bytes().count(b"captools-test") == 5
    assert json.loads((out / "session.json").read_text())["complete"] is True
    assert f"nodes from {config}" in stderr.decode() and "n1/eth1" in stderr.decode()
    assert node.wait_until_alone() == []


def test_the_terminals_ctrl_c_reaches_captools_only(node, toml_of, tmp_path):
    # A terminal sends SIGINT to its whole foreground process group; ssh must not be in it.
    out = tmp_path / "s"
    process = start(
        "--config", str(toml_of(node.sshd())), "--all-nodes", "-f", "udp", "--out", str(out), start_new_session=True
    )
    wait_for_tcpdump(node)
    node.send(9)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    assert (out / "n1__eth1.pcap").read_bytes().count(b"captools-test") == 9


def test_a_second_ctrl_c_stops_sooner_and_still_keeps(node, toml_of, tmp_path):
    out = tmp_path / "s"
    process = start("--config", str(toml_of(node.target())), "--node", "n1", "-f", "udp", "--out", str(out))
    wait_for_tcpdump(node)
    node.send(5)
    time.sleep(1.3)  # long enough for the kernel to hand its block over
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0 and time.monotonic() - begun < 1.2, stderr
    assert (out / "n1__eth1.pcap").read_bytes().count(b"captools-test") == 5


@pytest.mark.parametrize("way", ["netns", "ssh"])
def test_kill_9_of_captools_leaves_a_readable_session_and_a_capture_that_can_be_stopped(node, toml_of, tmp_path, way):
    out = tmp_path / "s"
    target = node.target() if way == "netns" else node.sshd()
    process = start("--config", str(toml_of(target)), "--node", "n1", "-i", "eth1", "-f", "udp", "--out", str(out))
    wait_for_tcpdump(node)
    process.kill()
    process.communicate(timeout=10)
    node.send(4)
    manifest = json.loads((out / "session.json").read_text())
    assert manifest["complete"] is False and manifest["points"][0]["file"] == "n1__eth1.pcap"
    assert manifest["points"][0]["started"] and node.listening() == 1
    done = subprocess.run([*CAPTOOLS, "stop", str(out)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0 and done.stdout.strip() == str(out), done.stderr
    assert json.loads((out / "session.json").read_text())["complete"] is True
    assert (out / "n1__eth1.pcap").read_bytes().count(b"captools-test") == 4 and node.wait_until_alone() == []


def test_killing_the_keeper_leaves_no_tcpdump_and_is_said_and_what_it_had_comes_home(node, toml_of, tmp_path):
    out = tmp_path / "s"
    process = start(
        "--config", str(toml_of(node.target())), "--node", "n1", "-i", "eth1", "-i", "lo", "--out", str(out)
    )
    wait_for_tcpdump(node, 2)
    tools = processes("tcpdump", "-i", pid_of_namespace=node.pid)
    parents = {(Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1] for pid in tools}
    assert len(parents) == 1 and kill(int(parents.pop())) == 1
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 4
    assert "n1/eth1: captools' keeper was killed on n1" in stderr.decode()
    assert node.wait_until_alone() == []
    assert json.loads((out / "session.json").read_text())["complete"] is True


def test_dash_w_streams_a_pcapng_and_keeps_no_session(node, toml_of, tmp_path):
    config = toml_of(node.target())
    process = start(
        "--config", str(config), "--node", "n1", "-i", "eth1", "-f", "udp", "-w", "-", "--duration", "2s", cwd=tmp_path
    )
    wait_for_tcpdump(node)
    node.send(3)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    records = read_pcapng(stdout, "stdout")
    assert [one.name for one in records.interfaces] == ["n1/eth1"] and records.interfaces[0].dropped == 0
    assert len(records) == 3 and stdout.count(b"captools-test") == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["captools.toml"]


def test_dash_w_ends_well_when_its_reader_goes_away(node, toml_of, tmp_path):
    process = start("--config", str(toml_of(node.target())), "--node", "n1", "-i", "eth1", "-f", "udp", "-w", "-")
    assert process.stdout is not None
    wait_for_tcpdump(node)
    assert process.stdout.read(4) == b"\n\r\r\n"
    process.stdout.close()
    node.send(50)
    assert process.wait(20) == 0
    assert process.stderr is not None
    process.stderr.close()
    assert node.wait_until_alone() == []


def test_json_names_the_session_its_points_and_the_exit_code_tells_of_the_failed_node(node, toml_of, tmp_path):
    gone = Target(name="gone", transport="netns", pid=2**22 - 1)
    config = toml_of(node.target(), gone)
    process = start(
        "--config", str(config), "--all-nodes", "--duration", "200ms", "--json", "--out", str(tmp_path / "s")
    )
    stdout, stderr = process.communicate(timeout=20)
    document = json.loads(stdout)
    assert process.returncode == 4
    assert document["schema"] == 1 and document["session"] == str(tmp_path / "s")
    assert [point["point"] for point in document["points"]] == ["n1/eth1"]
    assert {one["name"]: one["ok"] for one in document["nodes"]} == {"gone": False, "n1": True}
    assert stderr.decode().count("process 4194303") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--node", "nope"), 2, "no node is called 'nope'; known nodes: n1"),
        (("--node", "n1", "-i", "eth9"), 4, "n1: no interface 'eth9'; it has lo, eth1"),
        (("--node", "n1", "-f", "tcp and and"), 2, "can't parse filter expression: syntax error"),
        (("--node", "n1", "-f", "tcp) or (udp"), 2, "closes a bracket at character 4 that it never opened"),
        (("--node", "n1", "--duration", "soon"), 2, "'soon' is not a length of time; write 30s, 5m or 1h"),
        (("--node", "n1", "--match", "x", "--tool", "tcpdump"), 2, "--match needs a tool that reads payloads"),
        (("--node", "n1", "--pod", "a/b"), 2, "no pod 'a/b' in the inventory"),
        ((), 2, "no node was named"),
    ],
)
def test_bad_input_is_one_sentence_and_its_exit_code(node, toml_of, tmp_path, arguments, code, sentence):
    process = start("--config", str(toml_of(node.target())), *arguments, "--out", str(tmp_path / "s"))
    stdout, stderr = process.communicate(timeout=20)
    assert (process.returncode, stdout) == (code, b""), stderr
    said = [one for one in stderr.decode().splitlines() if one.startswith("captools: ") and "nodes from" not in one]
    assert len(said) == 1 and sentence in said[0]
    assert not (tmp_path / "s").exists()


def test_an_interrupt_while_connecting_keeps_nothing_and_exits_130(node, toml_of, tmp_path):
    target = node.sshd()
    assert target.ssh_config is not None
    # A way in that never answers.
    target.ssh_config.write_text(target.ssh_config.read_text().replace("relay.py", "stall.py"))
    (target.ssh_config.parent / "stall.py").write_text("import time\ntime.sleep(60)\n")
    process = start("--config", str(toml_of(target)), "--node", "n1", "--out", str(tmp_path / "s"))
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130 and b"nothing was kept" in stderr
    assert not (tmp_path / "s").exists()
