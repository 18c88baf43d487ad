"""What goes wrong during a capture ends well: disks that fill up, killed tools, nodes that vanish, crowds."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from captools.collect.detached.again import How, take_up
from captools.collect.detached.register import find
from captools.collect.progress import PointProgress
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.spooling import SpoolWish
from captools.model.session import Manifest
from tests.collect.faults import kill, numbers, processes, wait_for
from tests.depth import quick

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A state folder of this test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    """A file system of its own, as small as that."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def run(node, out: Path, during, **wishes) -> tuple[Manifest, list[str], list[PointProgress]]:
    """Capture on the node's eth1 while ``during`` runs; return manifest, warnings and progress."""
    stop, started = threading.Event(), threading.Event()
    said: list[str] = []
    seen: list[PointProgress] = []
    wishes = {"targets": (node.target(),), "interfaces": ("eth1",), "buffer_bytes": 16 << 20, **wishes}
    request = CaptureRequest(bpf="udp port 7777", out=out, **wishes)

    def drive() -> None:
        try:
            if started.wait(30):
                during()
        finally:
            stop.set()

    driver = threading.Thread(target=drive)
    driver.start()
    try:
        return capture(request, stop=stop, started=started, warn=said.append, progress=seen.append), said, seen
    finally:
        stop.set()
        driver.join()


def test_a_killed_tcpdump_is_said_and_the_other_points_go_on(node, tmp_path):
    def during() -> None:
        node.send(10)
        time.sleep(1.3)
        assert kill(*processes("tcpdump", "-i eth1", pid_of_namespace=node.pid)) == 1
        time.sleep(0.3)
        node.inside("ping", "-c1", "-W1", "127.0.0.1", check=False)
        node.send_inside("lo", 5)

    manifest, said, _ = run(node, tmp_path / "s", during, interfaces=("eth1", "lo"))
    here = {point.interface: point for point in manifest.points}
    assert "n1/eth1: tcpdump was killed on the node (signal 9); what came before is kept" in said
    assert not here["eth1"].ok and here["lo"].ok and here["lo"].packets == here["lo"].counts.captured
    assert manifest.complete and node.wait_until_alone() == []


def test_a_full_disk_on_the_node_holds_the_tool_back_and_loses_nothing_that_it_has_counted(node, tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    node.inside("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(spool))
    wish = SpoolWish(spool_dir=str(spool), segment_bytes=256 << 10, limit_bps=1_500_000, compress="never")
    # A ring of 16 MiB holds in the kernel what does not fit on the disk.

    def during() -> None:
        node.send(4000, size=1000)
        wait_for(lambda: (tmp_path / "s/n1__eth1.pcap").stat().st_size > 4_100_000)

    manifest, said, seen = run(node, tmp_path / "s", during, spool=wish)
    point = manifest.points[0]
    assert manifest.complete and point.counts.dropped == 0 and said == []
    assert list(numbers(tmp_path / "s/n1__eth1.pcap")) == list(range(4000))
    assert any("spool was full for" in one.trouble for one in seen) and max(one.used or 0 for one in seen) < 2 << 20


def test_no_space_at_home_stops_with_the_way_to_the_rest_and_fetch_brings_it(node, tmp_path):
    with small_disk(tmp_path / "home", "3m") as home:
        manifest, said, _ = run(node, home / "s", lambda: (node.send(6000, size=1000), time.sleep(3)))
        assert not manifest.complete and not manifest.points[0].ok
        (sentence,) = [one for one in said if "No space left" in one]
        name = sentence.rpartition("captools fetch ")[2]
        assert (home / "s/n1__eth1.pcap").stat().st_size > 1_000_000 and node.listening() == 0
        subprocess.run(["mount", "-o", "remount,size=50m", str(home)], check=True)
        folder, remote = find(name)
        manifest = take_up(folder, remote, How.FETCH, stop=threading.Event())
        assert manifest.complete and manifest.points[0].ok
        assert list(numbers(home / "s/n1__eth1.pcap")) == list(range(manifest.points[0].packets or 0))
        assert manifest.points[0].packets == manifest.points[0].counts.captured


def test_a_node_that_vanishes_ends_in_bounded_time_and_the_other_is_whole(node, tmp_path, monkeypatch):
    monkeypatch.setattr("captools.collect.course.SILENCE_TIMEOUT_S", 4.0)
    target = node.sshd()
    began: list[float] = []

    def during() -> None:
        node.send(20)
        time.sleep(1.5)
        # The way in is gone for good, as when a machine loses its power.
        assert target.ssh_config is not None
        (target.ssh_config.parent / "relay.py").write_text("raise SystemExit('no route')")
        kill(*processes(f"{node.folder}/relay.py"))
        time.sleep(0.5)
        began.append(time.monotonic())

    here = node.target("n2")
    manifest, said, seen = run(node, tmp_path / "s", during, targets=(target, here))
    assert time.monotonic() - began[0] < 25
    nodes = {one.name: one for one in manifest.nodes}
    assert not nodes["n1"].ok and "captools fetch" in nodes["n1"].error and nodes["n2"].ok
    assert not manifest.complete and (tmp_path / "s/remote.json").exists()
    assert list(numbers(tmp_path / "s/n2__eth1.pcap")) == list(range(20))
    assert any("connecting again" in one.trouble for one in seen)
    kill(*processes("captools-agent", pid_of_namespace=node.pid), *processes("tcpdump", pid_of_namespace=node.pid))


def test_two_controllers_on_one_node_do_not_meet(node, tmp_path):
    manifests: list[Manifest] = []
    ready = threading.Barrier(2, timeout=30)

    def one(name: str) -> None:
        def during() -> None:
            ready.wait()
            if name == "a":
                node.send(30)
            time.sleep(1.0)
            ready.wait()

        manifests.append(run(node, tmp_path / name, during)[0])

    threads = [threading.Thread(target=one, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [manifest.points[0].packets for manifest in manifests] == [30, 30]
    assert all(manifest.complete for manifest in manifests) and node.wait_until_alone() == []


@pytest.mark.parametrize("points", quick([50], [50, 100]))
def test_fifty_points_at_once_among_a_thousand_interfaces(node, tmp_path, points):
    lines = [f"link add p{at} type veth peer name lxc{at}\nlink set lxc{at} up\nlink set p{at} up" for at in range(500)]
    batch = tmp_path / "batch"
    batch.write_text("\n".join(lines) + "\n")
    node.inside("ip", "-batch", str(batch))
    begun = time.monotonic()
    names = tuple(f"lxc{at}" for at in range(points))
    manifest, said, _ = run(
        node, tmp_path / "s", lambda: [node.send_inside(f"p{at}", 3) for at in (0, points - 1)],
        interfaces=names, buffer_bytes=512 << 20, many="each",
    )  # fmt: skip
    assert said == [] and manifest.complete and len(manifest.points) == points
    packets = {point.interface: point.packets for point in manifest.points}
    assert packets[names[0]] == packets[names[-1]] == 3 and sum(packets.values()) == 6
    assert time.monotonic() - begun < 60 and node.wait_until_alone() == []


def test_nothing_is_said_about_a_cut_that_was_healed(node, tmp_path):
    target = node.sshd()

    def during() -> None:
        node.send(10)
        time.sleep(1.3)
        assert kill(*processes(f"{node.folder}/relay.py")) >= 1
        node.send(10, first=10)
        wait_for(lambda: processes(f"{node.folder}/relay.py"))

    manifest, said, seen = run(node, tmp_path / "s", during, targets=(target,))
    assert said == [] and manifest.nodes[0].cuts == 1 and manifest.complete
    assert list(numbers(tmp_path / "s/n1__eth1.pcap")) == list(range(20))
    assert os.listdir(tmp_path / "state/captools/captures") == []
