"""Order of travel: what clocks cannot tell, TTLs, tunnels, answers and waiting times do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from captools.correlate.paths.directions import IN, OUT, UNKNOWN
from captools.correlate.paths.order import in_order
from captools.correlate.sightings import sightings
from captools.pipeline import open_session
from captures.build import ethernet, ipv4, udp, vxlan
from tests.correlate.material import S2, material
from tests.correlate.paths.scenes import ping
from tests.correlate.talk import MS, START, Frames, read

PING = ("172.20.0.88", "172.20.2.33", 1)


def ordered(packets: list[int], directions: list[int] | None = None, **points: Frames) -> list[str]:
    rows = read(**points).rows()
    told = np.array(directions or [UNKNOWN] * len(rows))
    travel = in_order(rows, np.array(packets), np.arange(len(rows)), told)
    return [rows.point(row) for row in travel.rows[travel.packet == 0].tolist()]


def at(ms: float, packet: bytes) -> tuple[int, bytes]:
    return START + round(ms * MS), ethernet(packet)


def test_the_ttl_goes_before_every_clock():
    assert ordered(
        [0, 0, 0],
        c__eth0=[at(0, ping(1, ttl=62))], b__eth0=[at(9_000, ping(1, ttl=63))], a__eth0=[at(500_000, ping(1, ttl=64))],
    ) == ["a/eth0", "b/eth0", "c/eth0"]  # fmt: skip


def test_a_packet_leaves_one_node_before_it_enters_the_next():
    frames = {"b__eth0": [at(0, ping(1))], "a__eth0": [at(5, ping(1))]}
    assert ordered([0, 0], [IN, OUT], **frames) == ["a/eth0", "b/eth0"]
    assert ordered([0, 0], [OUT, IN], **frames) == ["b/eth0", "a/eth0"]


def test_who_waits_longer_for_the_answer_is_nearer_to_the_sender_whatever_the_clocks_say():
    # b's clock runs 1 s behind: by the stamps the request would have been there first.
    asks = {"a__eth0": [at(1_000, ping(1)), at(1_009, ping(1, reply=True))],
            "b__eth0": [at(3, ping(1)), at(5, ping(1, reply=True))]}  # fmt: skip
    assert ordered([0, 1, 0, 1], **asks) == ["a/eth0", "b/eth0"]
    assert ordered([1, 0, 1, 0], **asks) == ["b/eth0", "a/eth0"]


@pytest.mark.parametrize("late", [0, 40])
def test_what_a_translation_sends_back_by_the_same_router_passes_it_twice(late: int):
    # b balances: client > b at the router, b > server at the router again. Equal TTLs: the requests tell which answer
    # was seen where first, each on its own side of the translation. ``late``: the router's clock.
    def seen(ms: float, src: str, dst: str, ttl: int) -> tuple[int, bytes]:
        inner = udp(b"x", sport=53 if src in ("10.0.0.9", "10.0.0.7") else 40_000, dport=53)
        return at(ms, ipv4(inner, src=src, dst=dst, proto=17, ttl=ttl))

    client, vip, b, server = "10.0.0.1", "10.0.0.9", "10.0.0.2", "10.0.0.7"
    router = [seen(late + 0, client, vip, 64), seen(late + 3, b, server, 63),
              seen(late + 7, server, b, 62), seen(late + 10, vip, client, 61)]  # fmt: skip
    beyond = [seen(late + 4, b, server, 62), seen(late + 6, server, b, 63)]
    balancer = [seen(1, client, vip, 64), seen(2, b, server, 63), seen(8, server, b, 62), seen(9, vip, client, 61)]
    asked, answered = 1, 0
    way = ordered(
        [asked, asked, answered, answered, asked, answered, asked, asked, answered, answered],
        [OUT, IN, OUT, IN, OUT, IN, IN, OUT, IN, OUT],
        r__eth1=router, r__eth2=beyond, b__eth0=balancer,
    )  # fmt: skip
    assert way == ["r/eth2", "r/eth1", "b/eth0", "b/eth0", "r/eth1"]


def test_the_ttl_of_the_answer_orders_nodes_that_see_the_request_with_the_same_one(shared: Path):
    # Cilium takes one off on the way into a pod and none on the way out. By tshark: request with TTL 64 at all three
    # points (frames 2, 9, 9), reply with 64, 64 and 63 (frames 10, 10, 3).
    folder = shared / "captures-real/cilium/vxlan-3pt"
    found = open_session(
        [f"pod/eth0={folder / '1-pod-eth0.cap'}", f"node/cilium_vxlan={folder / '2-node-cilium_vxlan.cap'}",
         f"node/eth0={folder / '3-node-eth0.cap'}"]
    ).analysis  # fmt: skip
    path = next(one for one in found.paths if one.flow.proto == 1)
    hops = [(hop.point, hop.evidence[0].frames, hop.ttl, hop.change.value) for hop in path.ways(path.hops[0].way)]
    assert hops == [
        ("pod/eth0", (2,), 64, "none"), ("node/cilium_vxlan", (9,), 64, "none"), ("node/eth0", (9,), 64, "encapsulated"),
    ]  # fmt: skip


def test_in_front_of_its_pods_a_nodes_tunnel_comes_first_even_with_the_same_stamp():
    inner = ping(1, ttl=63)
    outer = ipv4(
        udp(vxlan(ethernet(inner), vni=5), sport=50_000, dport=8472), src="192.0.2.1", dst="192.0.2.2", proto=17
    )
    arriving = {"n__cilium_vxlan": [at(0, inner)], "n__eth0": [at(0, outer)], "n__lxcx": [at(1, ping(1, ttl=62))]}
    assert ordered([0, 0, 0], **arriving) == ["n/eth0", "n/cilium-vxlan", "n/lxcx"]
    leaving = {"n__eth0": [at(1, outer)], "n__cilium_vxlan": [at(1, inner)], "n__lxcx": [at(0, ping(1, ttl=64))]}
    assert ordered([0, 0, 0], **leaving) == ["n/lxcx", "n/cilium-vxlan", "n/eth0"]


def test_a_second_tap_is_a_second_proof_and_may_tell_the_direction():
    one = read(a__eth0=[at(0, ping(1))], b__eth0=[at(0, ping(1))])
    both = one.packets.set_column(
        one.packets.column_names.index("point"), "point", one.packets["point"].combine_chunks().take([0, 0])
    )
    rows = sightings(both)
    travel = in_order(rows, np.zeros(2, np.int64), np.arange(2), np.array([UNKNOWN, OUT]))
    assert (travel.rows.tolist(), travel.directions.tolist()) == ([0], [OUT])
    assert sorted(travel.proofs.tolist()) == [0, 1] and travel.first_proof.tolist() == [0, 2]


def test_without_ttls_time_alone_orders():
    one = read(a__eth0=[at(0, ping(1, ttl=60))], b__eth0=[at(1, ping(1, ttl=64))])
    rows = one.rows()
    rows.columns["ttl"] = np.full(2, -1)
    travel = in_order(rows, np.zeros(2, np.int64), np.arange(2), np.full(2, UNKNOWN))
    assert [rows.point(row) for row in travel.rows.tolist()] == ["a/eth0", "b/eth0"]


def test_no_packets_have_no_order():
    rows = read(a__eth0=[at(0, ping(1))]).rows()
    none = np.empty(0, np.int64)
    assert in_order(rows, none, none, none).rows.tolist() == []


@pytest.mark.parametrize("ahead", [25_000_000, -25_000_000, 600_000_000_000, -3_000_000])
def test_a_clock_that_runs_wrong_changes_no_order(ahead):
    def ladder(one):
        path = next(p for p in one.analysed().paths if (p.flow.src, p.flow.dst, p.flow.proto) == PING)
        return [(hop.way, hop.point, hop.change) for hop in path.hops]

    assert ladder(material(S2).with_clock("k8s-w0", ahead)) == ladder(material(S2))


def test_without_a_pod_in_sight_the_direction_of_the_tunnels_own_packet_places_it():
    inner = ping(1, ttl=63)
    outer = ipv4(
        udp(vxlan(ethernet(inner), vni=5), sport=50_000, dport=8472), src="192.0.2.1", dst="192.0.2.2", proto=17
    )
    tied = {"n__cilium_vxlan": [at(0, inner)], "n__eth0": [at(0, outer)]}
    assert ordered([0, 0], [UNKNOWN, OUT], **tied) == ["n/cilium-vxlan", "n/eth0"]
    assert ordered([0, 0], [UNKNOWN, IN], **tied) == ["n/eth0", "n/cilium-vxlan"]
