"""A real router that translates: what the two sockets call their ends is the truth, and tshark's numbers are.

Both ends are rewritten, ports too, in both directions; the server's side shows super-frames, the client's segments.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from captools.correlate.same.byte_runs import byte_runs
from captools.correlate.same.flows import connections
from captools.correlate.same.icmp_errors import errors
from captools.correlate.same.lanes import lanes
from captools.correlate.same.match import match
from captools.correlate.same.nat import join_translated
from captools.correlate.same.translated import through_nat
from captools.correlate.sightings import sightings
from captools.pipeline import open_session
from tests.correlate.same.nat_rig import (
    CLOSED_PORT,
    POINTS,
    ROUTER,
    SERVER,
    SERVER_PORT,
    VIP,
    VIP_PORT,
    Exchange,
    record,
)
from tests.correlate.same.wires import partition

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Exchange]]:
    folder = tmp_path_factory.mktemp("nat-rig")
    return folder, record(folder)


@pytest.fixture(scope="module")
def rows(recorded):
    return sightings(open_session([recorded[0]]).opened.packets())


@pytest.fixture(scope="module")
def groups(rows):
    return join_translated(rows, connections(rows, match(rows)))


def by_tshark(file: Path) -> list[tuple[int, ...]]:
    """(frame, source port, destination port, sequence number, length) of each TCP segment with payload."""
    names = ("frame.number", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.len")
    argv = ["tshark", "-n", "-r", str(file), "-Y", "tcp.len > 0", "-T", "fields"]
    argv += [word for name in names for word in ("-e", name)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return [tuple(map(int, line.split())) for line in said.splitlines()]


def test_each_pair_of_ends_is_joined_to_the_one_the_server_saw_and_to_no_other(groups, recorded):
    expected = set()
    for one in recorded[1]:
        if one.peer is not None:
            expected.add(((*one.own, VIP, VIP_PORT), (*one.peer, SERVER, SERVER_PORT)))
    found = {
        tuple((one.flow.src, one.flow.sport, one.flow.dst, one.flow.dport) for one in group)
        for group in groups
        if group[0].flow.dport != CLOSED_PORT
    }
    print(f"{len(found & expected)} right, {len(found - expected)} wrong, {len(expected - found)} missing")
    assert found == expected and len(expected) == 7


def test_the_refusal_of_a_translated_datagram_is_about_the_client_s_own(rows, groups, recorded):
    (closed,) = [one for one in recorded[1] if one.proto == "closed"]
    about = errors(rows, groups)
    assert {rows.point(row) for row in about.rows.tolist()} == {"client/c0", "router/r0", "router/r1", "server/s0"}
    (number,) = set(about.groups.tolist())
    own, behind = (one.flow for one in groups[number])
    assert (own.src, own.sport, own.dst, own.dport) == (*closed.own, VIP, CLOSED_PORT)
    assert (behind.src, behind.dst, behind.dport) == (ROUTER, SERVER, CLOSED_PORT)
    joined = through_nat(rows, match(rows), groups, about)
    assert len(set(joined.ids[about.rows].tolist())) == 1


def test_every_packet_that_looks_the_same_on_both_sides_is_one_packet_at_all_four_points(rows, groups):
    joined = through_nat(rows, match(rows), groups, errors(rows, groups))
    runs = byte_runs(rows, lanes(rows, groups))
    same = np.unique(joined.ids[runs.ids < 0])
    points = [len(np.unique(rows["point"][joined.ids == number])) for number in same.tolist()]
    assert set(points) == {len([name for names in POINTS.values() for name in names])}
    assert {joined.method(number) for number in same.tolist()} == {"nat-invariant"}


def test_each_super_frame_of_the_server_is_the_segments_that_the_client_got(recorded, rows, groups):
    folder, exchanges = recorded
    own_port = {one.peer[1]: one.own[1] for one in exchanges if one.proto == "tcp" and one.peer}
    segments = by_tshark(folder / "client__c0.pcap")
    runs = byte_runs(rows, lanes(rows, groups))
    client, server = rows.points.index("client/c0"), rows.points.index("server/s0")
    row_of = {int(rows["frame"][row]): row for row in np.flatnonzero(rows["point"] == server).tolist()}
    right, wrong, missing, large = 0, set(), set(), 0
    for frame, sport, dport, seq, length in by_tshark(folder / "server__s0.pcap"):
        if sport != SERVER_PORT:
            continue
        expected = {
            part for part, source, target, first, size in segments
            if (source, target) == (VIP_PORT, own_port[dport]) and (first - seq) % 2**32 < length and size
        }  # fmt: skip
        if len(expected) == 1:
            continue  # the same frame on both sides
        found = set(rows["frame"][runs.carriers(rows, row_of[frame], client)].tolist())
        large += 1
        right, wrong, missing = right + len(found & expected), wrong | (found - expected), missing | (expected - found)
    print(f"{large} super-frames: {right} right, {len(wrong)} wrong, {len(missing)} missing")
    assert (wrong, missing) == (set(), set()) and large >= 5


def test_a_snap_length_of_128_on_one_side_changes_no_match(recorded, rows, groups, tmp_path):
    for file in recorded[0].iterdir():
        short = ["-s", "128"] if file.name.startswith("client") else []
        subprocess.run(["editcap", "-F", "pcap", *short, str(file), str(tmp_path / file.name)], check=True)
    cut = sightings(open_session([tmp_path]).opened.packets())
    assert (cut["cap_len"] < cut["wire_len"]).any()
    matches = match(cut)
    again = join_translated(cut, connections(cut, matches))
    assert [[one.flow for one in group] for group in again] == [[one.flow for one in group] for group in groups]
    whole = through_nat(rows, match(rows), groups, errors(rows, groups))
    assert partition(cut, through_nat(cut, matches, again, errors(cut, again))) == partition(rows, whole)
