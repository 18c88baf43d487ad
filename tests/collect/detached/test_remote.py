"""What finds a capture on its nodes again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from captools.collect.arrival import Gap
from captools.collect.detached.remote import Remote, RemoteNode, RemotePoint, load, with_gaps
from captools.collect.planning.plan import PlannedRun
from captools.collect.request import CaptureRequest
from captools.collect.spooling import SpoolWish
from captools.collect.targets import Target
from captools.collect.terms import Terms
from captools.model.errors import MalformedCapture
from captools.model.points import Point, Role

RUN = PlannedRun(
    channel=3, point=Point("w1", "eth1.100"), role=Role.NIC, argv=("tcpdump", "-i", "eth1.100"), filter="udp",
    user_filter="udp", excluded=("tcp and port 22",),
)  # fmt: skip
TARGET = Target(name="w1", address="192.0.2.1", user="root", port=2222, key=Path("/k"), ssh_config=Path("/c"), pid=4)
REMOTE = Remote(
    terms=Terms(
        capture="s-123456", spool=SpoolWish(ring_bytes=5, keep_s=2.5), lease_s=None, duration_s=60.0, ids={"w1": "s.w1"}
    ),
    request=CaptureRequest(targets=(TARGET,), tool="ngrep", bpf="udp", match="x", snaplen=96, command=("captools",)),
    nodes=(RemoteNode(target=TARGET, points=(RemotePoint(run=RUN, version="1", file="w1.pcap", text_file="w1.txt"),)),),
    started_ns=17,
    detached=True,
    pid=99,
)


def test_what_is_saved_is_what_is_loaded_and_it_is_private(tmp_path):
    REMOTE.save(tmp_path)
    found = load(tmp_path)
    assert found == REMOTE and (tmp_path / "remote.json").stat().st_mode & 0o777 == 0o600
    assert load(tmp_path / "nowhere") is None


def test_gaps_and_what_is_home_are_kept(tmp_path):
    gap = Gap(offset=100, place=24, lost=76)
    remote = with_gaps(REMOTE, {"w1.pcap": ((gap,), ()), "other": ((), ())}, {"w1"})
    remote.save(tmp_path)
    found = load(tmp_path)
    assert found is not None and found.nodes[0].points[0].gaps == (gap,) and found.nodes[0].home


def test_keys_of_a_newer_captools_are_left_out(tmp_path):
    REMOTE.save(tmp_path)
    document = json.loads((tmp_path / "remote.json").read_text())
    document["terms"]["new"] = document["nodes"][0]["target"]["new"] = document["nodes"][0]["points"][0]["run"][
        "new"
    ] = 1
    (tmp_path / "remote.json").write_text(json.dumps(document))
    assert load(tmp_path) == REMOTE


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("terms"),
        lambda d: d.update(nodes=3),
        lambda d: d.update(schema=9),
        lambda d: d["nodes"][0]["points"][0].update(file="../../etc/passwd"),
        lambda d: d["nodes"][0]["points"][0].update(text_file=".bashrc"),
        lambda d: d["nodes"][0]["points"][0]["run"].update(role="king"),
    ],
)
def test_a_damaged_one_or_one_that_leaves_its_folder_is_refused(tmp_path, change):
    REMOTE.save(tmp_path)
    document = json.loads((tmp_path / "remote.json").read_text())
    change(document)
    (tmp_path / "remote.json").write_text(json.dumps(document))
    with pytest.raises(MalformedCapture, match="damaged"):
        load(tmp_path)
    (tmp_path / "remote.json").write_text("{")
    with pytest.raises(MalformedCapture, match="cannot be read"):
        load(tmp_path)
