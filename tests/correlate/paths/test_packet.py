"""One packet on demand: the same hops as in the path of its conversation, for as long as the analysis lives."""

from __future__ import annotations

import gc

from captools.correlate.analyse import analyse
from captools.model.paths import Way
from tests.correlate.material import S2, S8, S13, material
from tests.correlate.paths.scenes import Scene, cluster, ping, pinged


def test_the_packet_that_a_path_shows_has_the_same_hops_when_asked_alone():
    for name in (S2, S8):
        one = material(name)
        analysis = one.analysed()
        rows = {(point, frame): row for row, (point, frame) in enumerate(
            zip(one.packets["point"].to_pylist(), one.packets["frame"].to_pylist(), strict=True))}  # fmt: skip
        for path in analysis.paths:
            for way in Way:
                hops = path.ways(way)
                first = hops[0].evidence[0]
                assert analysis.hops_of(rows[first.point, first.frames[0]]) == hops, (name, str(path.flow))


def test_its_way_is_that_of_its_conversation():
    analysis = pinged(Scene({}), 5, 1).analysed()
    sources = analysis.packets["src"].to_pylist()
    first, last = sources.index(sources[0]), len(sources) - 1
    ways = {analysis.hops_of(row)[0].way for row in (first, last)}
    assert ways <= {Way.FORWARD, Way.REPLY}
    replies = [row for row in range(len(sources)) if analysis.packets["icmp_type"][row].as_py() == 0]
    assert {analysis.hops_of(row)[0].way for row in replies} == {Way.REPLY}


def test_of_the_columns_only_those_it_needs_outlive_the_analysis_of_the_whole():
    scene = Scene({})
    scene.sees(0, ping(1), "a__eth0", "r__eth1")
    one = scene.read()
    found = analyse(one.packets, one.http, one.sources, cluster())
    gc.collect()
    kept = [thing for thing in gc.get_objects() if type(thing).__name__ == "Sightings" and thing.table is one.packets]
    assert len(kept) == 1 and "payload_hash" not in kept[0].columns and found.hops_of(0)


def test_the_way_of_a_datagram_is_that_of_the_packet_in_it():
    analysis = material(S13).analysed()
    columns = (analysis.packets[name].to_pylist() for name in ("point", "frame"))
    rows = {place: row for row, place in enumerate(zip(*columns, strict=True))}
    sealed = [hop for path in analysis.paths for hop in path.hops if hop.tunnel == "wireguard"]
    assert sealed
    for hop in sealed:
        way = analysis.hops_of(rows[hop.point, hop.evidence[0].frames[0]])
        assert hop in way and way[0].tunnel != "wireguard"  # it begins where it is readable
