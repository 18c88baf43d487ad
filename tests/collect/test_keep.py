"""Where a capture's files go."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from captools.collect.detached.register import find, unfinished
from captools.collect.detached.remote import Remote, RemotePoint, load
from captools.collect.keep import Keeper
from captools.collect.planning.plan import PlannedRun
from captools.collect.request import CaptureRequest
from captools.collect.terms import Terms
from captools.model.points import Point, Role
from captools.model.session import ClockReading, NodeRecord
from captools.store.arriving import Unkept


def run(node: str, interface: str) -> PlannedRun:
    return PlannedRun(channel=1, point=Point(node, interface), role=Role.NIC, argv=("tcpdump",), filter="")


def test_the_session_is_readable_from_the_first_save_and_names_what_is_missing(tmp_path):
    keeper = Keeper(CaptureRequest(targets=(), out=tmp_path / "s"), {"pods.json": "[]"})
    point = keeper.open_point(run("w1", "eth1"), "4.99.3")
    keeper.add_texts("w1", {"wg.txt": "interface: wg0"})
    manifest = keeper.save([], [point], [("w1", ("eth9", "w1: no interface 'eth9'"))], ["careful"], complete=False)
    written = json.loads((tmp_path / "s/session.json").read_text())
    assert written["complete"] is False and written["warnings"] == ["careful"] and written["extra"] == {}
    assert [(one["point"], one["ok"], one["file"]) for one in written["points"]] == [
        ("w1/eth1", True, "w1__eth1.pcap"), ("w1/eth9", False, ""),
    ]  # fmt: skip
    assert manifest.extra["folder"] == str(tmp_path / "s")
    assert sorted(path.name for path in (tmp_path / "s/inventory").iterdir()) == ["pods.json", "w1__wg.txt"]


def test_hostile_names_stay_inside_the_session(tmp_path):
    keeper = Keeper(CaptureRequest(targets=(), out=tmp_path / "s"), {})
    keeper.open_point(run("../../etc", "pass\x1b[2Jwd"), "")
    keeper.add_texts("../../etc", {"wg.txt": "x"})
    assert [path.name for path in (tmp_path / "s").glob("*.pcap")] == ["_._etc__pass_2Jwd.pcap"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s"]


def test_a_streamed_point_makes_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keeper = Keeper(CaptureRequest(targets=(), keep=False), {})
    point = keeper.open_point(run("w1", "eth1"), "")
    keeper.add_texts("w1", {"wg.txt": "x"})
    assert keeper.save([], [point], [], [], complete=True).extra == {}
    assert (
        isinstance(point.packets.file, Unkept) and keeper.where == "standard output" and list(tmp_path.iterdir()) == []
    )


def test_inventory_files_can_be_added_later(tmp_path):
    keeper = Keeper(CaptureRequest(targets=(), out=tmp_path / "s"), {"pods.json": "[]"})
    keeper.add_inventory({"pods-stop.json": "[1]"})
    assert sorted(path.name for path in (tmp_path / "s/inventory").iterdir()) == ["pods-stop.json", "pods.json"]


def test_a_capture_is_called_after_its_folder_and_can_be_found_by_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    keeper = Keeper(CaptureRequest(targets=(), out=tmp_path / "my capture"), {})
    point = keeper.open_point(run("w1", "eth1"), "4.99.3")
    assert re.fullmatch(r"my_capture-[0-9a-f]{6}", keeper.capture)
    remote = Remote(terms=Terms(capture=keeper.capture), request=keeper.request, nodes=(), started_ns=1)
    keeper.remember(remote)
    assert find(keeper.capture) == (tmp_path / "my capture", load(tmp_path / "my capture"))
    manifest = keeper.save([], [point], [], [], complete=False)
    assert manifest.extra["capture"] == keeper.capture
    keeper.forget()
    assert unfinished() == {} and keeper.save([], [point], [], [], complete=True).extra.keys() == {"folder"}


def test_a_session_that_is_taken_up_keeps_what_only_the_former_run_knew(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    keeper = Keeper(CaptureRequest(targets=(), out=tmp_path / "s", command=("captools", "capture")), {})
    keeper.open_point(run("w1", "eth1"), "")
    clock = ClockReading(before_ns=1, node_ns=2, after_ns=3)
    nodes = [NodeRecord(name="w1", system="Linux", clock=(clock,)), NodeRecord(name="w2", ok=False, error="gone")]
    nodes[0] = replace(nodes[0], ok=False, error="w1: captools fetch s-1")
    warnings = ["careful", "w1: captools fetch s-1", "no eth9"]
    before = keeper.save(nodes, [], [("w1", ("eth9", "no eth9"))], warnings, complete=False, mode="ring")
    kept = RemotePoint(run=run("w1", "eth1"), file="w1__eth1.pcap")
    remote = Remote(terms=Terms(capture="s-1"), request=CaptureRequest(targets=()), nodes=(), started_ns=5)
    again = Keeper.again(tmp_path / "s", remote, before)
    point = again.reopen_point(kept)
    later = ClockReading(before_ns=7, node_ns=8, after_ns=9)
    after = again.save([NodeRecord(name="w1", clock=(later,))], [point], [], ["and more"], complete=True)
    assert after.started == before.started and after.command == ("captools", "capture") and after.mode == "ring"
    assert after.nodes[0].clock == (clock, later) and after.nodes[0].system == "Linux" and not after.nodes[1].ok
    assert [one.interface for one in after.points] == ["eth9", "eth1"]
    assert after.warnings == ("careful", "no eth9", "and more")  # what came home has nothing to be fetched
