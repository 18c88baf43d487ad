"""Captures that were left on their nodes: detached, or their captools was killed; taken up, fetched and stopped."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from captools.collect.detached.again import How, take_up
from captools.collect.detached.register import find, unfinished
from captools.collect.progress import PointProgress, State
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.spooling import SpoolWish
from captools.model.errors import CaptureFailed, UsageError
from captools.model.session import Manifest
from tests.collect.faults import Witness, numbers, wait_for

pytestmark = pytest.mark.lab
CAPTOOLS = (sys.executable, "-c", "from captools.cli.main import run; run()")


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A state folder of this test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def leave(node, tmp_path, **wishes) -> Manifest:
    """Begin a detached capture on the node's eth1."""
    (tmp_path / "spool").mkdir(exist_ok=True)
    wish = wishes.pop("spool", SpoolWish(spool_dir=str(tmp_path / "spool")))
    request = CaptureRequest(
        targets=(node.target(),), interfaces=("eth1",), bpf="udp port 7777", buffer_bytes=8 << 20,
        out=tmp_path / "s", detach=True, spool=wish, **wishes,
    )  # fmt: skip
    return capture(request, stop=threading.Event())


def again(name: str, how: How, stop: threading.Event | None = None) -> tuple[Manifest, list[str]]:
    """Take up a capture by its name."""
    said: list[str] = []
    folder, remote = find(name)
    return take_up(folder, remote, how, stop=stop or threading.Event(), warn=said.append), said


def test_a_detached_capture_is_found_fetched_in_parts_and_stopped(node, tmp_path):
    manifest = leave(node, tmp_path)
    name, out = manifest.extra["capture"], tmp_path / "s"
    assert not manifest.complete and unfinished() == {name: out} and not (out / "n1__eth1.pcap").stat().st_size
    node.send(100)
    wait_for(lambda: any(path.stat().st_size > 1000 for path in (tmp_path / "spool").rglob("*data*.seg")))
    manifest, said = again(name[:5], How.FETCH)
    assert (
        said == [] and not manifest.complete and 0 < (manifest.points[0].packets or 0) <= 100 and manifest.points[0].ok
    )
    node.send(50, first=100)
    manifest, said = again(str(out), How.STOP)
    assert said == [] and manifest.complete and unfinished() == {}
    assert manifest.points[0].counts.captured == 150 and list(numbers(out / "n1__eth1.pcap")) == list(range(150))
    assert node.wait_until_alone() == [] and list((tmp_path / "spool").rglob("*.seg")) == []
    with pytest.raises(UsageError, match="home already|no unfinished capture"):
        find(str(out))


def test_its_time_ends_it_on_the_node_and_attach_completes_it(node, tmp_path):
    name = leave(node, tmp_path, duration_s=2.0).extra["capture"]
    node.send(7)
    manifest, said = again(name, How.ATTACH)
    assert said == [] and manifest.complete and manifest.points[0].packets == 7
    assert json.loads((tmp_path / "s/session.json").read_text())["complete"] is True


def test_leaving_an_attached_capture_lets_it_go_on(node, tmp_path):
    name, stop = leave(node, tmp_path).extra["capture"], threading.Event()
    node.send(5)
    threading.Timer(2.0, stop.set).start()
    manifest, _ = again(name, How.ATTACH, stop)
    assert not manifest.complete and node.listening() == 1
    node.send(5, first=5)
    manifest, said = again(name, How.STOP)
    assert said == [] and list(numbers(tmp_path / "s/n1__eth1.pcap")) == list(range(10))


def test_a_killed_captools_is_taken_up_where_it_was_and_loses_nothing(node, toml_of, tmp_path):
    spool, out, count = tmp_path / "spool", tmp_path / "s", 8000
    spool.mkdir()
    witness = Witness(spool, tmp_path / "kept")
    process = subprocess.Popen(
        [*CAPTOOLS, "capture", "--config", str(toml_of(node.target())), "--node", "n1", "-i", "eth1", "--buffer",
         "64MiB", "-f", "udp port 7777", "--out", str(out), "--spool-dir", str(spool), "--limit", "3MB/s",
         "--compress", "never"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        wait_for(lambda: node.listening() == 1)
        node.send(count, size=1400)
        wait_for(lambda: (out / "n1__eth1.pcap").stat().st_size > 3_000_000)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    left = (out / "n1__eth1.pcap").stat().st_size
    assert left < count * 1400 and node.listening() == 1
    with (out / "n1__eth1.pcap").open("r+b") as file:  # what a power cut does to bytes that were not synced
        file.seek(left - 1000)
        file.write(bytes(1000))
    manifest, said = again(str(out), How.STOP)
    point = manifest.points[0]
    assert said == [] and manifest.complete and point.packets == point.counts.captured == count
    assert list(numbers(out / "n1__eth1.pcap")) == list(range(count))
    assert point.sha256 == hashlib.sha256(witness.stream()).hexdigest() == _sha256(out / "n1__eth1.pcap")


def test_two_at_once_on_one_session_are_refused(node, tmp_path):
    name, stop, errors = leave(node, tmp_path).extra["capture"], threading.Event(), []

    def second(one: PointProgress) -> None:
        if one.state is State.LISTENING and not errors:
            with pytest.raises(UsageError) as error:
                again(name, How.STOP)
            errors.append(str(error.value))
            stop.set()

    take_up(*find(name), How.ATTACH, stop=stop, progress=second)
    assert "another captools process is attached" in errors[0]
    again(name, How.STOP)


def test_a_node_that_is_gone_is_said_with_the_way_to_what_it_has(node, tmp_path):
    name = leave(node, tmp_path).extra["capture"]
    folder, _ = find(name)
    path = folder / "remote.json"
    path.write_text(path.read_text().replace(f'"pid": {node.pid}', '"pid": 4194303'))
    with pytest.raises(CaptureFailed, match=f"process 4194303.*captools fetch {name}"):
        again(name, How.FETCH)
    path.write_text(path.read_text().replace('"pid": 4194303', f'"pid": {node.pid}'))
    assert again(name, How.STOP)[0].complete


def test_a_ring_keeps_the_newest_and_brings_it_home_at_the_end(node, tmp_path):
    (tmp_path / "spool").mkdir()
    ring = SpoolWish(spool_dir=str(tmp_path / "spool"), ring_bytes=2 << 20)
    name = leave(node, tmp_path, spool=ring).extra["capture"]
    with pytest.raises(UsageError, match="captools snapshot"):
        again(name, How.FETCH)
    node.send(6000, size=1000)
    manifest, said = again(name, How.STOP)
    found, point = list(numbers(tmp_path / "s/n1__eth1.pcap")), manifest.points[0]
    assert manifest.complete and manifest.mode == "ring" and point.ok
    assert 500 < len(found) < 3000 and found == list(range(found[0], 6000)) and point.lost_bytes > 1 << 20
    assert said == [] and point.packets == len(found) < (point.counts.captured or 0)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_ngrep_capture_brings_both_its_streams_home(node, tmp_path):
    leave(node, tmp_path, tool="ngrep", match="captools-test")
    node.send(9)
    wait_for(lambda: any(path.stat().st_size > 100 for path in (tmp_path / "spool").rglob("*text*.seg")))
    manifest, _ = again(str(tmp_path / "s"), How.STOP)
    assert manifest.complete and manifest.points[0].packets == 9
    assert (tmp_path / "s" / manifest.points[0].text_file).read_text().count("captools-test 0") == 9


def test_nothing_of_it_stays_in_the_environment(node, tmp_path):
    leave(node, tmp_path)
    again(str(tmp_path / "s"), How.STOP)
    assert list((Path(os.environ["XDG_STATE_HOME"]) / "captools/captures").iterdir()) == []
    assert not (tmp_path / "s/remote.json").exists()
