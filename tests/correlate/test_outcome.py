"""Outcomes: lost needs every guard, refused needs someone who refused, delivered needs an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from captools.correlate.analyse import analyse
from captools.model.paths import Outcome
from captools.model.session import ToolCounts
from captools.model.sources import Source
from captools.pipeline import open_session
from captures.build import ethernet, icmp_error, ipv4, pcap, tcp, timestamps
from tests.correlate.material import S1, S8, Material, material

POD, DEAD, FINE = "172.20.0.88", "172.20.2.33", "172.20.1.108"


def outcomes(one: Material, dst: str) -> set[Outcome]:
    return {path.outcome for path in one.analysed().paths if (path.flow.src, path.flow.dst) == (POD, dst)}


def weakened(one: Material, point: str, **changes) -> Material:
    return replace(one, sources=tuple(replace(s, **changes) if s.point == point else s for s in one.sources))


def test_the_black_hole_lost_its_packets_and_the_other_way_is_fine():
    assert outcomes(material(S1), DEAD) == {Outcome.LOST}
    assert outcomes(material(S1), FINE) == {Outcome.DELIVERED}


@pytest.mark.parametrize(
    "change",
    [
        {"counts": ToolCounts(captured=9, received=9, dropped=1)},
        {"user_filter": "tcp"},
        {"match": "GET"},
        {"ok": False, "error": "gone"},
    ],
)
def test_any_missing_guard_turns_lost_into_unknown_with_the_reason(change):
    one = weakened(material(S1), "k8s-w0/eth1", **change)
    paths = [path for path in one.analysed().paths if path.flow.dst == DEAD]
    assert {path.outcome for path in paths} == {Outcome.UNKNOWN}
    assert all("k8s-w0/eth1" in path.reason for path in paths)


def test_without_the_witness_nothing_is_called_lost():
    assert outcomes(material(S1).without("k8s-w0/eth1"), DEAD) == {Outcome.UNKNOWN}


def test_without_an_inventory_nothing_is_called_lost(tmp_path: Path):
    from captures import case

    alone = tmp_path / "loose"
    alone.mkdir()
    for file in case(S1).folder.glob("*.pcap"):
        (alone / file.name).write_bytes(file.read_bytes())
    found = open_session([alone]).analysis
    assert {path.outcome for path in found.paths if path.flow.dst == DEAD} == {Outcome.UNKNOWN}


def test_dropping_points_never_turns_delivered_into_lost():
    for name in (S1, S8):
        one = material(name)
        for point in {source.point for source in one.sources}:
            lost = {str(p.flow) for p in one.analysed().paths if p.outcome is Outcome.LOST}
            fewer = {str(p.flow) for p in one.without(point).analysed().paths if p.outcome is Outcome.LOST}
            assert fewer <= lost, point


def analysis_of(*frames: bytes):
    from captools.model.cluster import Cluster
    from captools.wire.bytesview import BytesView
    from captools.wire.decode import Naming, decode
    from captools.wire.http import http_heads
    from captools.wire.index import read_records

    data = pcap([(at * 1_000_000, frame) for at, frame in enumerate(frames, start=1)])
    records, view = read_records(data, "x"), BytesView(data)
    packets = decode(view, records, Naming(source="x", points=("n/eth0",)))
    source = Source(
        name="x", path="x", point="n/eth0", linktype=1, sha256="", packets=len(frames), bytes=1, first_ns=1, last_ns=2
    )
    return analyse(packets, http_heads(view, records, packets), (source,), Cluster())


SYN = ipv4(
    tcp(sport=40000, dport=80, flags=2, seq=5, options=timestamps(1, 0)), src="10.0.0.1", dst="10.0.0.2", proto=6
)


def test_a_reset_is_a_refusal_and_says_by_whom():
    reset = ipv4(tcp(sport=80, dport=40000, flags=0x14, ack=6), src="10.0.0.2", dst="10.0.0.1", proto=6)
    (path,) = analysis_of(ethernet(SYN), ethernet(reset)).paths
    assert path.outcome is Outcome.REFUSED and "10.0.0.2" in path.reason and "RST" in path.reason


def test_unreachable_is_a_refusal_by_whoever_says_so():
    error = ipv4(icmp_error(SYN[:28], code=13), src="10.0.0.254", dst="10.0.0.1", proto=1)
    (path,) = [one for one in analysis_of(ethernet(SYN), ethernet(error)).paths if one.flow.proto == 6]
    assert path.outcome is Outcome.REFUSED and "10.0.0.254" in path.reason and "code 13" in path.reason


def test_fragmentation_needed_is_no_refusal():
    error = ipv4(icmp_error(SYN[:28], code=4, mtu=1400), src="10.0.0.254", dst="10.0.0.1", proto=1)
    (path,) = [one for one in analysis_of(ethernet(SYN), ethernet(error)).paths if one.flow.proto == 6]
    assert path.outcome is Outcome.UNKNOWN


def test_a_connection_that_was_accepted_and_reset_later_was_delivered():
    accept = ipv4(tcp(sport=80, dport=40000, flags=0x12, seq=9, ack=6), src="10.0.0.2", dst="10.0.0.1", proto=6)
    reset = ipv4(
        tcp(sport=80, dport=40000, flags=0x14, seq=10, ack=6, window=0),
        src="10.0.0.2",
        dst="10.0.0.1",
        proto=6,
        ident=2,
    )
    (path,) = analysis_of(ethernet(SYN), ethernet(accept), ethernet(reset)).paths
    assert path.outcome is Outcome.DELIVERED
