"""A capture in the foreground."""

from __future__ import annotations

import json
import os
import signal
import threading

from captools.cli.watching import exit_code, print_result, watched
from captools.model.session import Manifest, NodeRecord, PointRecord

POINT = PointRecord(point="w1/eth1", node="w1", interface="eth1", role="nic", tool="tcpdump", file="w1__eth1.pcap")
MANIFEST = Manifest(id="s", captools="0", started="t", points=(POINT,), extra={"folder": "/s", "capture": "s-1"})


def test_the_first_signal_stops_the_second_hurries_and_the_old_handlers_come_back():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def run(*, stop: threading.Event, hurry: threading.Event, progress: object, warn: object) -> Manifest:
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
            assert stop.wait(5)
            seen.append((stop.is_set(), hurry.is_set()))
        assert hurry.wait(5)
        return MANIFEST

    assert watched(run) is MANIFEST and seen[0] == (True, False)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_result_is_the_folder_or_one_json_document(capsys):
    print_result(MANIFEST, as_json=False)
    shown = capsys.readouterr()
    assert shown.out == "/s\n" and "w1/eth1" in shown.err
    print_result(MANIFEST, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1 and document["session"] == "/s" and document["capture"] == "s-1"
    assert "extra" not in document and document["points"][0]["point"] == "w1/eth1"


def test_a_failed_node_or_point_is_exit_code_4():
    gone = NodeRecord(name="w2", ok=False)
    bad = PointRecord(point="w1/x", node="w1", interface="x", role="nic", tool="tcpdump", file="", ok=False)
    assert exit_code(MANIFEST) == 0
    assert exit_code(Manifest(id="s", captools="0", started="t", nodes=(gone,))) == 4
    assert exit_code(Manifest(id="s", captools="0", started="t", points=(POINT, bad))) == 4
