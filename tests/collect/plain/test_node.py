"""A node without Python, for real: namespaces and sshd, sh and tcpdump, nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from captools.collect.keep import Keeper
from captools.collect.plain.node import PlainNode
from captools.collect.planning.plan import plan_node, start_command
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.request import CaptureRequest
from captools.collect.targets import Target
from captools.collect.transports import prepare
from captools.model.cluster import Cluster
from tests.collect.kube_fixtures import AGENT

pytestmark = pytest.mark.lab


def wait(condition, timeout_s: float = 15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@contextlib.contextmanager
def capturing(target: Target, out: Path, **wishes) -> Iterator[tuple[PlainNode, list[PointCapture]]]:
    """A capture that has begun: greeted, planned, every tool listening or failed."""
    request = CaptureRequest(**{"targets": (target,), "out": out, "buffer_bytes": 8 << 20, **wishes})
    node = PlainNode(target)
    node.start()
    try:
        assert node.greeted.wait(15)
        assert node.error is None, node.error
        keeper = Keeper(request, {})
        plan = plan_node(target.name, node.facts, request, Cluster(), ())
        points = [keeper.open_point(run, "") for run in plan.runs]
        node.begin(points, start_command(plan, request))
        wait(lambda: node.settled)
        yield node, points
    finally:
        node.give_up("the test is over")
        node.join(10)
        for point in points:
            point.close()


def end(node: PlainNode, wait_s: float = 1.2) -> None:
    node.stop(wait_s)
    assert node.done.wait(20)


def without_python(node) -> None:
    node.hide("/usr/bin/python3")


def reached(way: str, node, request) -> Target:
    """Return the node as it is reached by a transport."""
    if way == "kubectl":
        kube = request.getfixturevalue("kube")
        kube.pod("agent-1", "n1", pid=node.pid, **AGENT)
        return prepare(Target(name="n1", transport="kubectl", kubeconfig=kube.kubeconfig))
    return prepare(node.sshd()) if way == "ssh" else node.target()


@pytest.mark.parametrize("way", ["netns", "ssh", "kubectl"])
def test_every_packet_and_every_count_comes_home(node, tmp_path, way, request):
    without_python(node)
    target = reached(way, node, request)
    with capturing(target, tmp_path / "s", interfaces=("eth1", "lo"), bpf="udp port 7777") as (plain, points):
        node.send(200)
        plain.poll()
        wait(lambda: points[0].progress().dropped == 0)  # its counts so far, asked for by signal
        end(plain)
        assert plain.error is None and plain.home
        assert [point.state for point in points] == [State.STOPPED] * 2, [point.error for point in points]
        record = next(point.record() for point in points if point.run.point.interface == "eth1")
        assert (record.packets, record.counts.captured, record.counts.dropped, record.error) == (200, 200, 0, "")
        assert record.linktype == 1 and record.started < record.stopped
        assert (tmp_path / "s/n1__eth1.pcap").read_bytes().count(b"captools-test 0000") == 200
    assert node.wait_until_alone() == []


def test_the_node_tells_what_an_agent_would_tell_and_again_at_the_end(node, tmp_path):
    without_python(node)
    with capturing(node.target(), tmp_path / "s", interfaces=("lo",)) as (plain, _):
        assert plain.facts.hostname == "n1" and plain.facts.euid == 0 and "tcpdump" in plain.facts.tools
        links = json.loads(plain.facts.texts["ip-link.json"])
        assert {link["ifname"] for link in links} == {"lo", "eth1"}
        assert {one.name: one.addresses for one in plain.facts.interfaces}["eth1"] == ("10.9.0.1",)
        assert any(route.prefix == "10.9.0.0/24" for route in plain.facts.routes)
        node.inside("ip", "addr", "add", "10.9.0.77/32", "dev", "lo")
        end(plain, 0.0)
        assert "10.9.0.77" in plain.late_texts["ip-addr.json"]
        first, last = plain.clock
        assert first.before_ns <= first.node_ns <= first.after_ns < last.before_ns <= last.node_ns <= last.after_ns


def test_twelve_points_over_ssh_with_the_default_limits_of_sshd(node, tmp_path):
    without_python(node)
    for number in range(12):
        node.inside("ip", "link", "add", f"lxc{number:02d}", "type", "veth", "peer", "name", f"pod{number:02d}")
        node.inside("ip", "link", "set", f"lxc{number:02d}", "up")
        node.inside("ip", "link", "set", f"pod{number:02d}", "up")
    with capturing(
        prepare(node.sshd()), tmp_path / "s", roles=("pods",), bpf="udp port 7777", buffer_bytes=64 << 20
    ) as (
        plain,
        points,
    ):
        assert len(points) == 12 and {point.state for point in points} == {State.LISTENING}
        node.send_inside("pod11", 5)
        end(plain)
        assert [point.error for point in points if point.error] == []
        assert sum(point.counter.packets for point in points) == 5
    assert node.wait_until_alone() == []


def test_a_cut_link_ends_the_tool_on_the_node_and_says_that_data_is_lost(node, tmp_path):
    without_python(node)
    with capturing(node.sshd(), tmp_path / "s", interfaces=("eth1",), bpf="udp port 7777") as (plain, points):
        node.send(1000)
        wait(lambda: points[0].counter.packets > 100)
        for one in list(plain._tools.running):
            os.killpg(one.shell.process.pid, signal.SIGKILL)
        wait(lambda: not plain.running)
        assert points[0].state is State.FAILED
        assert "the connection ended" in points[0].error and "a cut link loses data" in points[0].error
        points[0].close()
        assert (tmp_path / "s/n1__eth1.pcap").read_bytes().count(b"captools-test") > 100  # what had arrived is kept
        end(plain)
    assert node.wait_until_alone() == []


def test_a_controller_that_dies_leaves_nothing_on_the_node(node, tmp_path):
    without_python(node)
    with capturing(node.target(), tmp_path / "s", interfaces=("eth1",)) as (plain, _):
        assert node.listening() == 1
        plain.give_up("killed")
        assert plain.done.wait(10)
        assert plain.error is not None and "killed" in plain.error.message
    assert node.wait_until_alone() == []


def test_a_filter_that_tcpdump_refuses_is_told_in_its_words_and_nothing_else_runs(node, tmp_path):
    without_python(node)
    hostile = "udp port 7 ' ; touch /tmp/captools-owned; $(touch /tmp/captools-owned) `id` \n \" \\"
    with capturing(node.target(), tmp_path / "s", interfaces=("eth1",), bpf=hostile) as (plain, points):
        assert points[0].state is State.FAILED and "tcpdump says" in points[0].error
        end(plain, 0.0)
        assert plain.error is None
    assert not Path("/tmp/captools-owned").exists()


def test_ngrep_needs_python_there(node, tmp_path):
    with capturing(node.target(), tmp_path / "s", interfaces=("eth1",), tool="ngrep", match="GET") as (plain, points):
        assert points[0].state is State.FAILED and "needs python3 on the node" in points[0].error
        end(plain, 0.0)


def test_busybox_alone_is_enough(node, tmp_path):
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("needs busybox")
    without_python(node)
    for program in ("/bin/sh", shutil.which("ip"), *map(shutil.which, ("timeout", "dd", "date", "head", "cat", "id"))):
        assert program is not None
        node.inside("mount", "--bind", busybox, str(Path(program).resolve()))
    with capturing(node.target(), tmp_path / "s", interfaces=("eth1",), bpf="udp port 7777") as (plain, points):
        assert {one.name: one.addresses for one in plain.facts.interfaces} == {
            "lo": ("127.0.0.1",),
            "eth1": ("10.9.0.1",),
        }
        node.send(7)
        end(plain)
        assert points[0].error == "" and points[0].counter.packets == 7
        assert points[0].record().counts.captured == 7
    assert node.wait_until_alone() == []


def test_a_node_that_is_not_reached_says_why(node):
    target = node.sshd()
    plain = PlainNode(
        Target(name="n1", address="n1", user="root", key=node.folder / "host", ssh_config=target.ssh_config)
    )
    plain.start()
    assert plain.done.wait(20)
    assert plain.error is not None and "ssh login refused" in plain.error.message


@pytest.mark.parametrize(
    ("shell", "says"),
    [("yes", "not a shell's"), ("exec sleep 60", "given up"), ("exit 3", "no shell answered"),
     ("head -c 3000000 /dev/urandom", "no shell answered")],
)  # fmt: skip
def test_a_node_whose_shell_is_none_fails_alone_and_soon(node, shell, says):
    strange = node.folder / "sh"
    strange.write_text(f"#!/bin/bash\n{shell}\n")
    strange.chmod(0o755)
    node.inside("mount", "--bind", str(strange), str(Path("/bin/sh").resolve()))
    plain = PlainNode(node.target())
    started = time.monotonic()
    plain.start()
    if not plain.greeted.wait(8 if says != "given up" else 0.5):
        plain.give_up("given up")
    assert plain.done.wait(10) and time.monotonic() - started < 15
    assert plain.error is not None and says in plain.error.message
    assert node.wait_until_alone() == []


@pytest.mark.parametrize("sudo", ["ALL=(ALL) NOPASSWD: ALL", None])
def test_a_login_that_is_not_root_captures_by_sudo_or_says_why_not(node, tmp_path, sudo):
    if shutil.which("sudo") is None:
        pytest.skip("needs sudo")
    without_python(node)
    target = node.sshd("ann", sudo=sudo)
    with capturing(target, tmp_path / "s", interfaces=("eth1",), bpf="udp port 7777") as (plain, points):
        if sudo is None:
            assert "permission" in points[0].error.lower() and "sudo" in points[0].error
            assert plain.facts.euid != 0 and plain.facts.sudo_said
        else:
            assert plain.facts.euid == 0 and plain.facts.ssh_connection.startswith("10.9.0.2 ")
            node.send(5)
        end(plain)
        assert points[0].counter.packets == (0 if sudo is None else 5)
    assert node.wait_until_alone() == []
