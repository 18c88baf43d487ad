"""A session too large to be correlated whole: what is chosen is complete, and gives what the whole session gives."""

from __future__ import annotations

import pytest

from captools.store.capture import Reading
from tests.wire.equality import kernels  # noqa: F401  (prepares the kernels' folder)
from tests.wire.points import capture

pytestmark = pytest.mark.slow
PORTS = (8472, 4789)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")
    for vantage, point in (("a", "k8s-w1__eth1"), ("b", "k8s-w1__lxc1")):
        (folder / f"{point}.pcap").write_bytes(capture(vantage, 20_000))
    return folder


@pytest.fixture
def sessions(folder, monkeypatch, own_cache):
    """The session in detail with a small budget, and whole."""
    from captools import pipeline

    monkeypatch.setattr(pipeline, "DETAILED", 4_000)
    some = pipeline.open_session([folder])
    _ = some.analysis
    monkeypatch.setattr(pipeline, "DETAILED", 1_000_000)
    return some, pipeline.open_session([folder])


def described(path) -> tuple:
    hops = tuple((hop.point, hop.src, hop.dst, hop.outer_src, hop.vni, hop.change, hop.delay_ns) for hop in path.hops)
    return path.packets, path.outcome, path.reason, hops


def test_paths_of_the_chosen_conversations_are_those_of_the_whole_session(sessions):
    some, whole = sessions
    wanted = {(path.flow, path.packets): described(path) for path in whole.analysis.paths}
    found = {(path.flow, path.packets): described(path) for path in some.analysis.paths}
    assert 100 < len(found) < len(wanted) / 2
    assert {key: wanted.get(key) for key in found} == found


def test_rows_of_messages_and_frames_are_those_of_their_packets(sessions):
    some, whole = sessions
    packets = some.analysis.packets.select(["source", "frame"]).to_pylist()
    for name in ("http", "tls", "dns"):
        heads = getattr(some.analysis, name).to_pylist()
        assert heads and all(packets[one["row"]] == {"source": one["source"], "frame": one["frame"]} for one in heads)
    by_place = {(one["source"], one["frame"]): one for one in whole.analysis.packets.to_pylist()}
    for one in some.analysis.packets.slice(0, 500).to_pylist():
        assert by_place[one["source"], one["frame"]] == one


def test_a_warning_says_how_much_was_looked_at(sessions):
    some, whole = sessions
    (told,) = set(some.analysis.warnings) - set(whole.analysis.warnings)
    count = len(whole.analysis.packets)
    assert told.startswith(f"{count:,} packets are too many to follow each one: ")
    assert f"{len(some.analysis.packets):,} packets in all" in told and "captools sql" in told


def test_the_budget_is_kept_but_for_arp_and_handshakes(sessions):
    packets = sessions[0].analysis.packets
    extra = sum(kind is not None and kind < 4 for kind in packets["wg_type"].to_pylist())
    extra += sum(kind is not None for kind in packets["arp_op"].to_pylist())
    assert 2_000 < len(packets) <= 4_000 + extra


def test_logs_are_taken_whole_beside_captures(folder):
    from captools.model.cluster import Cluster
    from captools.store.detail import in_detail
    from captools.store.inputs import expand
    from captools.store.load import load

    line = "12:00:00.000001 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 100, length 0\n"
    (folder / "router__eth1.txt").write_text(line * 3)
    opened = load(expand((str(folder),), ()), Cluster(), Reading(PORTS))
    (folder / "router__eth1.txt").unlink()
    found = in_detail(opened.loaded, 1_000, Reading(PORTS))
    assert found.packets["source"].to_pylist().count("router__eth1.txt") == 3


@pytest.mark.parametrize("minutes", [10, -180])
def test_a_clock_that_is_far_off_changes_neither_what_is_chosen_nor_what_is_said_of_it(
    sessions, folder, monkeypatch, tmp_path, minutes
):
    from captools import pipeline
    from captools.lab.skew import Skew, skew_pcap

    moved = tmp_path / "moved"
    moved.mkdir()
    for number, path in enumerate(sorted(folder.glob("*.pcap"))):
        data = path.read_bytes()
        if number:
            data = skew_pcap(data, Skew(node="", offset_ns=minutes * 60_000_000_000), 0, path.name)
        (moved / f"node{number}__eth1.pcap").write_bytes(data)  # two nodes: each has a clock of its own
    monkeypatch.setattr(pipeline, "DETAILED", 4_000)
    some = pipeline.open_session([moved]).analysis
    outcomes = {path.flow: (path.packets, path.outcome) for path in some.paths}
    wanted = {path.flow: (path.packets, path.outcome) for path in sessions[0].analysis.paths}
    assert len(outcomes) > 100 and not any(path.losses for path in some.paths if path.flow not in wanted)
    shared = outcomes.keys() & wanted.keys()
    assert len(shared) > 0.8 * len(wanted)
    assert {flow: outcomes[flow][0] for flow in shared} == {flow: wanted[flow][0] for flow in shared}
    assert max(len({hop.point for hop in path.hops}) for path in some.paths) == 2
