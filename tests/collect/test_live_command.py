"""Live on a real node: a pcapng that tshark reads while it grows, points inside tshark, events, rows as they come."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from captools.wire.pcapng import read_pcapng
from tests.collect.test_capture_command import CAPTOOLS, start, wait_for_tcpdump
from tests.depth import quick

pytestmark = pytest.mark.lab
ENVIRON = {**os.environ, "COLUMNS": "120"}


@contextlib.contextmanager
def ended(*processes: subprocess.Popen) -> Iterator[None]:
    """End what a failing test would leave behind."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def numbers(data: bytes) -> dict[str, list[int]]:
    """Return the numbers of the test packets in a pcapng, for each interface, in the order of the file."""
    records, found = read_pcapng(data, "x"), {}
    assert records.damage == ""
    for at, size, interface in zip(records.offset, records.cap_len, records.interface, strict=True):
        payload = data[at : at + size].partition(b"captools-test ")[2]
        if payload:
            found.setdefault(records.interfaces[interface].name, []).append(int(payload[:8]))
    return found


def test_tshark_reads_two_points_while_they_are_captured_and_its_end_ends_everything(node, toml_of):
    capture = start(
        "--config", str(toml_of(node.target())), "--node", "n1", "-i", "eth1", "-i", "lo", "-f", "udp port 7777", "-w", "-"
    )  # fmt: skip
    tshark = subprocess.Popen(
        ["tshark", "-l", "-n", "-i", "-", "-c", "12", "-T", "fields", "-e", "frame.interface_name", "-e", "udp.length"],
        stdin=capture.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert capture.stdout is not None
    capture.stdout.close()
    with ended(capture, tshark):
        wait_for_tcpdump(node, 2)
        node.send(4)
        node.send_inside("lo", 3)
        assert tshark.stdout is not None
        seen = [tshark.stdout.readline().split()[0] for _ in range(7)]  # nothing has ended yet
        assert sorted(seen) == ["n1/eth1"] * 4 + ["n1/lo"] * 3
        node.send(5)
        out, _ = tshark.communicate(timeout=30)
        assert tshark.returncode == 0 and [line.split()[0] for line in out.splitlines()] == ["n1/eth1"] * 5
        node.send(1)
        assert capture.wait(20) == 0
    assert node.wait_until_alone() == []


def test_a_reader_that_takes_nothing_any_more_does_not_hold_the_end_back(node, toml_of):
    capture = start(
        "--config", str(toml_of(node.target())), "--node", "n1", "-i", "eth1", "-f", "udp port 7777", "-w", "-"
    )  # fmt: skip
    with ended(capture):
        wait_for_tcpdump(node)
        node.send(6000, size=1200)  # more than fits the pipe and what is held
        begun = time.monotonic()
        capture.send_signal(signal.SIGINT)
        time.sleep(0.5)
        capture.send_signal(signal.SIGINT)
        assert capture.wait(30) in (0, 4) and time.monotonic() - begun < 20
    assert node.wait_until_alone() == []


def test_a_cut_of_the_connection_loses_nothing_of_the_stream_and_doubles_nothing(node, toml_of, tmp_path):
    with (tmp_path / "live.pcapng").open("wb") as file:
        capture = subprocess.Popen(
            [*CAPTOOLS, "capture", "--buffer", "8MiB", "--config", str(toml_of(node.sshd())), "--node", "n1", "-i",
             "eth1", "-f", "udp port 7777", "-w", "-"],
            stdout=file, stderr=subprocess.PIPE, env=ENVIRON,
        )  # fmt: skip
    with ended(capture):
        wait_for_tcpdump(node)
        for _ in range(3):
            node.send(200, size=500)
            for pid in children(capture.pid, "ssh"):
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.3)
        node.send(200, size=500)
        time.sleep(1.5)
        capture.send_signal(signal.SIGINT)
        _, stderr = capture.communicate(timeout=40)
        assert capture.returncode == 0, stderr
    found = numbers((tmp_path / "live.pcapng").read_bytes())
    assert found == {"n1/eth1": list(range(200)) * 4}


def children(pid: int, name: str) -> list[int]:
    """Return the processes called ``name`` that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = stat.read_text()
            program, _, rest = words.rpartition(")")
            if program.partition("(")[2] == name and int(rest.split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def test_tshark_captures_by_itself_on_what_extcap_shows_it(node, toml_of, tmp_path):
    environ = {**ENVIRON, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")}
    config = toml_of(node.target())
    subprocess.run([*CAPTOOLS, "extcap", "--install", "--config", config], check=True, env=environ, capture_output=True)
    tshark = subprocess.Popen(
        ["tshark", "-l", "-n", "-i", "captools-n1", "-f", "udp port 7777", "-o", "extcap.captools_n1.interfaces:eth1,lo",
         "-o", "extcap.captools_n1.buffer:8MiB", "-c", "5", "-T", "fields", "-e", "frame.interface_name", "-e", "udp.dstport"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ,
    )  # fmt: skip
    with ended(tshark):
        wait_for_tcpdump(node, 2)
        node.send(3)
        node.send(9, port=8888)
        node.send_inside("lo", 2)
        out, said = tshark.communicate(timeout=40)
        assert tshark.returncode == 0, said
    assert sorted(line.split() for line in out.splitlines()) == [["n1/eth1", "7777"]] * 3 + [["n1/lo", "7777"]] * 2
    assert node.wait_until_alone() == []


def test_a_node_that_cannot_be_reached_is_one_sentence_for_wireshark(tmp_path):
    environ = {**ENVIRON, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")}
    config = tmp_path / "captools.toml"
    config.write_text('[nodes.gone]\ntransport = "netns"\npid = 4194303\n')
    subprocess.run([*CAPTOOLS, "extcap", "--install", "--config", config], check=True, env=environ, capture_output=True)
    program = next(tmp_path.rglob("extcap/captools"))
    words = [program, "--capture", "--extcap-interface", "captools-gone", "--fifo", "/dev/null"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environ)
    assert done.returncode == 4 and done.stderr.startswith("captools: gone") and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("until", "kind", "frame"),
    quick(
        [("udp.dstport == 7778", "filter", 6)], [("re:test 00000003", "regex", 4), ("udp.dstport == 7778", "filter", 6)]
    ),
)
def test_an_event_ends_the_capture_some_time_later_and_is_told(node, toml_of, tmp_path, until, kind, frame):
    out = tmp_path / "s"
    capture = start(
        "--config", str(toml_of(node.target())), "--node", "n1", "-i", "eth1", "-f", "udp", "--until", until,
        "--after", "1s", "--out", str(out),
    )  # fmt: skip
    with ended(capture):
        wait_for_tcpdump(node)
        node.send(5)
        time.sleep(1.5)
        if kind == "filter":
            assert capture.poll() is None
            node.send(1, port=7778)
        _, stderr = capture.communicate(timeout=30)
        assert capture.returncode == 0, stderr
    (found,) = json.loads((out / "session.json").read_text())["until"]
    assert (found["expression"], found["kind"]) == (until.removeprefix("re:"), kind)
    assert (found["point"], found["frame"]) == ("n1/eth1", frame) and found["time"].endswith("Z")
    assert f"n1/eth1: frame {frame} at {found['time']} matches the" in stderr.decode()
    assert "the capture goes on for 1 s" in stderr.decode()


def test_a_node_that_was_left_looks_by_itself_and_tells_when_its_packets_are_fetched(node, toml_of, tmp_path):
    out, config = tmp_path / "s", str(toml_of(node.target()))
    words = ("--until", "re:test 0000000[3-9]", "--detach", "--out", str(out))
    left = start("--config", config, "--node", "n1", "-i", "eth1", "-f", "udp", *words)
    with ended(left):
        _, stderr = left.communicate(timeout=30)
    assert left.returncode == 0, stderr
    wait_for_tcpdump(node)
    node.send(5)
    deadline = time.monotonic() + 20
    while node.listening():  # nobody else tells it to stop
        assert time.monotonic() < deadline, "the event did not end it"
        time.sleep(0.1)
    done = subprocess.run([*CAPTOOLS, "fetch", str(out)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads((out / "session.json").read_text())["until"]
    assert (found["expression"], found["kind"]) == ("test 0000000[3-9]", "regex") and found["point"] == "n1/eth1"
    data = (out / "n1__eth1.pcap").read_bytes()
    assert data[found["offset"] :].startswith(b"test 00000003") and data.count(b"captools-test") == 5
    assert node.wait_until_alone() == []


def test_rows_of_all_points_come_while_capturing_here_and_in_a_second_terminal(node, toml_of, tmp_path):
    out = tmp_path / "s"
    capture = start(
        "--config", str(toml_of(node.target())), "--node", "n1", "-i", "eth1", "-i", "lo", "-f", "udp port 7777",
        "--follow", "--out", str(out),
    )  # fmt: skip
    with ended(capture):
        wait_for_tcpdump(node, 2)
        second = subprocess.Popen(
            [*CAPTOOLS, "packets", str(out), "--follow", "--format", "csv", "-e", "udp.dstport"], stdout=subprocess.PIPE
        )
        with ended(second):
            node.send(3)
            node.send_inside("lo", 2)
            assert capture.stdout is not None and second.stdout is not None
            rows = [capture.stdout.readline().decode().split() for _ in range(6)]
            assert rows[0][:2] == ["POINT", "FRAME"]
            assert sorted(row[0] for row in rows[1:]) == ["n1/eth1"] * 3 + ["n1/lo"] * 2
            assert [second.stdout.readline() for _ in range(6)] == [b"udp.dstport\n"] + [b"7777\n"] * 5
            node.send(1)
            capture.send_signal(signal.SIGINT)
            stdout, stderr = capture.communicate(timeout=30)
            assert capture.returncode == 0, stderr
            assert [line.split()[0] for line in stdout.decode().splitlines()] == ["n1/eth1"]
            assert second.communicate(timeout=30)[0] == b"7777\n" and second.returncode == 0
    assert str(out) in stderr.decode()
    assert (out / "n1__eth1.pcap").read_bytes().count(b"captools-test") == 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--follow", "-w", "-"], "--follow"),
        (["--follow", "--json"], "--follow"),
        (["--after", "3s"], "--after is about --until"),
        (["--until", "tcp.port == 1", "--detach"], "knows bytes only"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path, words, says):
    done = subprocess.run(
        [*CAPTOOLS, "capture", "--node", "local", *words], capture_output=True, text=True, timeout=30, check=False,
        cwd=tmp_path, env={**ENVIRON, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2 and says in done.stderr and len(done.stderr.splitlines()) == 1
