"""Where a capture's files go."""

from __future__ import annotations

import json

from captools.collect.keep import Keeper
from captools.collect.plan import PlannedRun
from captools.collect.request import CaptureRequest
from captools.model.points import Point, Role


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
    keeper = Keeper(CaptureRequest(targets=(), live_fd=1), {})
    point = keeper.open_point(run("w1", "eth1"), "")
    keeper.add_texts("w1", {"wg.txt": "x"})
    assert keeper.save([], [point], [], [], complete=True).extra == {}
    assert point.packets_file is None and keeper.where == "standard output" and list(tmp_path.iterdir()) == []


def test_inventory_files_can_be_added_later(tmp_path):
    keeper = Keeper(CaptureRequest(targets=(), out=tmp_path / "s"), {"pods.json": "[]"})
    keeper.add_inventory({"pods-stop.json": "[1]"})
    assert sorted(path.name for path in (tmp_path / "s/inventory").iterdir()) == ["pods-stop.json", "pods.json"]
