"""A session that grows: what each look gives, points that appear, hostile names, the end."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from captools.model.errors import UsageError
from captools.model.session import Manifest, PointRecord
from captools.store.growing_session import GrowingSession
from captures.build import LINUX_SLL2, ethernet, ipv4, pcap, sll2, udp

START = 1_700_000_000_000_000_000
IP = ipv4(udp(b"x", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17)


def record(node: str, interface: str, file: str = "") -> PointRecord:
    return PointRecord(
        point=f"{node}/{interface}", node=node, interface=interface, role="nic", tool="tcpdump",
        file=file or f"{node}__{interface}.pcap",
    )  # fmt: skip


def save(folder: Path, *points: PointRecord, complete: bool = False) -> None:
    manifest = Manifest(id=folder.name, captools="1", started="", points=points, complete=complete)
    (folder / ".new").write_text(json.dumps(manifest.to_json()))
    (folder / ".new").replace(folder / "session.json")


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def frames(*stamps: int, linktype: int = 1) -> bytes:
    return pcap([(START + ts, ethernet(IP)) for ts in stamps], linktype=linktype)


def given(session: GrowingSession) -> list[tuple[str, int, int]]:
    return [
        (fresh.point, frame, ts - START)
        for fresh in session.look()
        for frame, ts in zip(
            fresh.arrived.packets["frame"].to_pylist(), fresh.arrived.packets["ts_ns"].to_pylist(), strict=True
        )
    ]


A, B = record("n1", "eth0"), record("n2", "eth1")


def test_each_look_gives_what_came_since_the_last_one_and_the_end_is_known(tmp_path):
    one, two = tmp_path / A.file, tmp_path / B.file
    append(one, b"")
    save(tmp_path, A)
    session = GrowingSession(tmp_path)
    assert session.points == ("n1/eth0",) and given(session) == []
    append(one, frames(1, 2)[:-5])
    assert given(session) == [("n1/eth0", 1, 1)] and given(session) == []
    append(one, frames(1, 2)[-5:])
    append(two, frames(3))
    assert given(session) == [("n1/eth0", 2, 2)]
    save(tmp_path, A, B)
    assert given(session) == [("n2/eth1", 1, 3)] and session.points == ("n1/eth0", "n2/eth1")
    append(two, frames(4)[24:])
    save(tmp_path, A, B, complete=True)
    assert given(session) == [("n2/eth1", 2, 4)] and not session.ended
    assert given(session) == [] and session.ended and session.warnings == []
    assert given(session) == []


def test_bytes_that_were_taken_back_and_written_again_come_once(tmp_path):
    path = tmp_path / A.file
    append(path, frames(1, 2))
    save(tmp_path, A)
    session = GrowingSession(tmp_path)
    assert len(given(session)) == 2
    os.truncate(path, 30)
    assert given(session) == []
    append(path, frames(1, 2, 3)[30:])
    assert given(session) == [("n1/eth0", 3, 3)]


def test_interfaces_of_any_are_named_by_the_inventory_that_lies_in_the_session(tmp_path):
    point = record("router", "any")
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "router__ip-link.json").write_text(
        json.dumps([{"ifindex": 7, "ifname": "eth1", "flags": ["UP"], "link_type": "ether"}])
    )
    cooked = [(START + at, sll2(IP, ifindex=index)) for at, index in enumerate((7, 9))]
    append(tmp_path / point.file, pcap(cooked, linktype=LINUX_SLL2))
    save(tmp_path, point)
    (fresh,) = GrowingSession(tmp_path).look()
    assert fresh.arrived.packets["point"].to_pylist() == ["router/eth1", "router/#9"]


@pytest.mark.parametrize("name", ["../outside.pcap", "/etc/passwd", "a/../../b"])
def test_a_name_never_leads_out_of_the_folder(tmp_path, name):
    folder = tmp_path / "s"
    folder.mkdir()
    append(tmp_path / "outside.pcap", frames(1))
    append(folder / B.file, frames(2))
    save(folder, replace(A, file=name), B)
    session = GrowingSession(folder)
    assert given(session) == [("n2/eth1", 1, 2)]
    assert len(session.warnings) == 1 and "is no name of a file in this folder" in session.warnings[0]


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path):
    append(tmp_path / "secret", frames(1))
    (tmp_path / A.file).symlink_to(tmp_path / "secret")
    save(tmp_path, A)
    session = GrowingSession(tmp_path)
    assert given(session) == [] and A.file in session.warnings[0]


def test_damage_ends_one_file_and_the_others_go_on(tmp_path):
    append(tmp_path / A.file, frames(1) + b"\xff" * 40)
    append(tmp_path / B.file, b"no capture at all, but words")
    third = record("n3", "eth2")
    append(tmp_path / third.file, frames(5))
    save(tmp_path, A, B, third)
    session = GrowingSession(tmp_path)
    assert given(session) == [("n1/eth0", 1, 1), ("n3/eth2", 1, 5)]
    assert len(session.warnings) == 2
    assert "the 1 whole records before it are given" in session.warnings[0] and "n2__eth1" in session.warnings[1]
    for path in (A.file, B.file, third.file):
        append(tmp_path / path, frames(6)[24:])
    assert given(session) == [("n3/eth2", 2, 6)]
    append(tmp_path / third.file, b"half")
    save(tmp_path, A, B, third, complete=True)
    given(session)
    given(session)
    assert session.ended and "n3__eth2.pcap: record 3" in session.warnings[-1] and len(session.warnings) == 3


def test_a_manifest_that_breaks_ends_it_after_what_has_come(tmp_path):
    append(tmp_path / A.file, frames(1))
    save(tmp_path, A)
    session = GrowingSession(tmp_path)
    (tmp_path / "session.json").write_text("{")
    assert len(given(session)) == 1 and given(session) == [] and session.ended
    assert "cannot be read any more" in session.warnings[0]


def test_a_folder_without_a_session_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match=r"no session.json in this folder.*; name a session folder"):
        GrowingSession(tmp_path)
