"""Paths: the order of hops is the order of travel, whatever clocks, sources and rows look like."""

from __future__ import annotations

import pytest

from captools.model.paths import Way
from captools.pipeline import open_session
from tests.correlate.material import S1, S2, S8, S13, Material, material
from tests.correlate.paths.scenes import tshark

PING = ("172.20.0.88", "172.20.2.33", 1)


def ladder(one: Material, flow=PING) -> list[tuple[str, str, str]]:
    path = next(p for p in one.analysed().paths if (p.flow.src, p.flow.dst, p.flow.proto) == flow)
    return [(hop.way.value, hop.point, hop.change.value) for hop in path.hops]


@pytest.mark.parametrize("seed", [4, 5])
def test_the_order_of_rows_changes_nothing(seed):
    assert ladder(material(S2).shuffled(seed)) == ladder(material(S2))


@pytest.mark.parametrize("ahead", [25_000_000, -25_000_000])
def test_a_clock_that_runs_wrong_changes_no_order(ahead):
    assert ladder(material(S2).with_clock("k8s-w0", ahead)) == ladder(material(S2))


def test_delays_between_nodes_carry_an_error_that_covers_a_wrong_clock():
    def delays(one: Material):
        path = next(p for p in one.analysed().paths if (p.flow.src, p.flow.dst, p.flow.proto) == PING)
        return [(hop.delay_ns, hop.delay_error_ns) for hop in path.hops if hop.delay_ns is not None]

    for (true, bound), (found, error) in zip(
        delays(material(S2)), delays(material(S2).with_clock("k8s-w0", 40_000_000)), strict=True
    ):
        assert abs(found - true) <= error + bound


def test_a_point_less_is_a_hop_less_and_nothing_else():
    without = ladder(material(S2).without("router/eth1"))
    assert [hop[1] for hop in without] == [hop[1] for hop in ladder(material(S2)) if hop[1] != "router/eth1"]


def test_seeing_a_point_twice_adds_no_hop():
    assert ladder(material(S2).doubled("k8s-ctr/eth1")) == ladder(material(S2))


def test_directions_follow_from_mac_addresses():
    path = next(p for p in material(S1).analysed().paths if (p.flow.src, p.flow.dst, p.flow.proto) == PING)
    assert [(hop.point.partition("/")[2][:3], hop.direction) for hop in path.hops] == [
        ("lxc", "in"), ("eth", "out"), ("eth", "in"), ("eth", "out"),
    ]  # fmt: skip


def test_no_hop_takes_negative_time_on_one_clock():
    for name in (S1, S2, S8, S13):
        for path in material(name).analysed().paths:
            for before, hop in zip(path.hops, path.hops[1:], strict=False):
                if before.way is hop.way and before.point.partition("/")[0] == hop.point.partition("/")[0]:
                    assert hop.delay_ns is not None and hop.delay_ns >= 0, (str(path.flow), hop.point)


def test_super_frames_and_the_segments_they_are_cut_into_leave_the_flow_delivered():
    # The larger answer of S2: up to 40 kB frames on lxc*, 1448-byte segments on the wire.
    flows = [p for p in material(S2).analysed().paths if p.flow.dst == "172.20.2.33" and p.flow.proto == 6]
    assert flows and all(p.outcome.value == "delivered" for p in flows)


def test_a_point_seen_twice_is_one_hop_with_two_proofs():
    path = next(p for p in material(S2).doubled("k8s-ctr/eth1").analysed().paths if p.flow.dst == PING[1])
    (hop,) = [hop for hop in path.ways(path.hops[0].way) if hop.point == "k8s-ctr/eth1"]
    assert len(hop.evidence) == 2 and len({proof.frames for proof in hop.evidence}) == 1


# By hand with tshark: points in the order of falling TTL, and the frames of one packet (same IP id) at each.
REAL = {
    "cilium/native-2pt": (["node/lxc", "node/eth0"], "icmp.type == 8"),
    "nat-two-sided/keepalive-block-rst-2pt": (["gw/eth1", "gw/eth2"], "tcp.flags.syn == 1 && tcp.flags.ack == 0"),
    "nat-two-sided/http-long-conn-2pt": (["gw/eth1", "gw/eth2"], "tcp.flags.syn == 1 && tcp.flags.ack == 0"),
    "k8s/flannel-udp-3pt": (["node/pod-eth0", "node/veth", "node/ens160"], "icmp.type == 8"),
    "k8s/calico-clusterip-2pt": (["control/eth0", "worker/eth0"], "icmp.type == 8"),
}


@pytest.mark.parametrize("name", REAL)
def test_on_real_captures_the_hops_are_the_frames_that_tshark_finds_for_one_packet(name, shared):
    points, wanted = REAL[name]
    files = sorted((shared / "captures-real" / name).iterdir())
    seen: dict[tuple[str, ...], list[tuple[int, str, int]]] = {}
    for point, file in zip(points, files, strict=True):
        for number, ttl, *packet in tshark(file, wanted, "frame.number", "ip.ttl", "ip.id", "ip.src", "ip.dst"):
            inner = tuple(field.split(",")[-1] for field in packet)
            seen.setdefault(inner, []).append((-int(ttl.split(",")[-1]), point, int(number)))
    found = open_session([f"{point}={file}" for point, file in zip(points, files, strict=True)]).analysis
    several = {packet: at for packet, at in seen.items() if len(at) > 1 and len({point for _, point, _ in at}) > 1}
    for (_, src, dst), at in several.items():
        shown = {
            tuple((hop.point, hop.evidence[0].frames[0]) for hop in path.ways(Way.FORWARD))
            for path in found.paths
            if (path.flow.src, path.flow.dst) == (src, dst)
        }
        rows = [row for row in range(len(found.packets)) if (row_at(found, row)) == at[0][1:]]
        hops = [(hop.point, hop.evidence[0].frames[0]) for hop in found.hops_of(rows[0])]
        assert sorted(hops) == sorted((point, frame) for _, point, frame in at)
        if len({ttl for ttl, _, _ in at}) == len(at):
            assert hops == [(point, frame) for _, point, frame in sorted(at)]
        assert any({point for point, _ in one} == {point for _, point, _ in at} for one in shown)
    assert several or name in ("k8s/flannel-udp-3pt", "k8s/calico-clusterip-2pt")


def row_at(found, row: int) -> tuple[str, int]:
    return str(found.packets["point"][row]), found.packets["frame"][row].as_py()


def test_a_router_captured_on_any_shows_each_packet_in_and_out(shared):
    file = shared / "captures-real/nat-two-sided/tcp-mtu-4pt/4-gw-any-sll2.pcap"
    # By tshark: SLL2 packet type 0 is in, 4 is out (sll.pkttype); the SYN and its interfaces.
    syn = tshark(
        file, "tcp.flags.syn == 1 && tcp.flags.ack == 0", "frame.number", "sll.pkttype", "sll.ifindex", "ip.ttl"
    )
    (path,) = open_session([f"gw/any={file}"]).analysis.paths
    told = {"0": "in", "4": "out"}
    assert [(hop.evidence[0].frames[0], hop.direction, hop.point, hop.ttl) for hop in path.ways(Way.FORWARD)] == [
        (int(number), told[kind], f"gw/#{index}", int(ttl)) for number, kind, index, ttl in syn
    ]


def test_one_points_captures_of_two_directions_are_followed_by_packet_too():
    one = material(S1).analysed()
    lost = next(path for path in one.paths if path.flow.dst == PING[1] and path.flow.proto == 1)
    rows = [row for row in range(len(one.packets)) if row_at(one, row) == ("router/eth0", 2)]
    hops = one.hops_of(rows[0])
    # Frame 2 of router/eth0 is the second ping: the same points, other frames than the first one's.
    assert [hop.point for hop in hops] == [hop.point for hop in lost.hops]
    assert all(a.evidence[0].frames != b.evidence[0].frames for a, b in zip(hops, lost.hops, strict=True))
