from __future__ import annotations

from dataclasses import replace

from captools.model.paths import Change
from captools.views.ladder import differences, ladder_of_path, split_point, tunnel_name


def test_lanes_stand_in_path_order_grouped_by_node(sample):
    analysis = sample.s2()
    ladder = ladder_of_path(analysis.paths[0], analysis.cluster)
    assert [(group.node, group.count) for group in ladder.groups] == [("k8s-ctr", 3), ("router", 2), ("k8s-w0", 3)]
    assert [lane.interface for lane in ladder.lanes][1:5] == ["cilium_vxlan", "eth1", "eth1", "eth2"]


def test_both_ways_use_the_same_lanes(sample):
    analysis = sample.s2()
    ladder = ladder_of_path(analysis.paths[0], analysis.cluster)
    assert [strand.title for strand in ladder.strands] == ["request way", "reply way"]
    assert [step.lane for step in ladder.strands[0].steps] == list(range(8))
    assert [step.lane for step in ladder.strands[1].steps] == list(reversed(range(8)))


def test_times_add_up_from_the_delays(sample):
    analysis = sample.s2()
    steps = ladder_of_path(analysis.paths[0], analysis.cluster).strands[0].steps
    assert [step.since_ns for step in steps[:4]] == [0, 17_000, 40_000, 310_000]


def test_an_unknown_delay_makes_every_later_time_unknown(sample):
    analysis = sample.s2()
    hops = analysis.paths[0].hops
    path = replace(analysis.paths[0], hops=(*hops[:3], replace(hops[3], delay_ns=None), *hops[4:8]))
    steps = ladder_of_path(path, analysis.cluster).strands[0].steps
    assert [step.since_ns for step in steps][2:] == [40_000, None, None, None, None, None]


def test_the_medium_is_the_tunnel_and_wireguard_between_encryption_and_decryption(sample):
    analysis = sample.s2()
    steps = ladder_of_path(analysis.paths[0], analysis.cluster).strands[0].steps
    assert [step.medium for step in steps] == ["plain"] * 2 + ["vxlan"] * 4 + ["plain"] * 2
    lost = sample.s1().paths[0]
    changes = (Change.NONE, Change.ENCRYPTED, Change.NONE, Change.DECRYPTED)
    hops = tuple(replace(hop, change=change) for hop, change in zip(lost.hops, changes, strict=True))
    steps = ladder_of_path(replace(lost, hops=hops), analysis.cluster).strands[0].steps
    assert [step.medium for step in steps] == ["plain", "wireguard", "wireguard", "plain"]


def test_a_lost_packet_is_lost_after_its_last_point(sample):
    analysis = sample.s1()
    ladder = ladder_of_path(analysis.paths[0], analysis.cluster)
    assert ladder.lost_at is not None
    assert ladder.lanes[ladder.lost_at].point == "router/eth0"


def test_vxlan_reads_as_tcpdump_calls_it(sample):
    hops = sample.vxlan_hops()
    assert tunnel_name(hops[2]) == "VXLAN (tcpdump: OTV, instance 45966)"
    assert tunnel_name(hops[0]) == ""


def test_differences_name_what_encapsulation_changed(sample):
    hops = sample.vxlan_hops()
    assert differences(hops[1], hops[2]) == (
        ("tunnel", "none", "vxlan"), ("outer source", "-", "192.168.10.100"),
        ("outer destination", "-", "192.168.20.100"), ("VNI", "-", "45966"), ("identity", "-", "k8s:app=curl"),
        ("bytes on the wire", "74", "124"),
    )  # fmt: skip


def test_a_point_without_a_node_is_an_interface():
    assert split_point("capture") == ("", "capture")
    assert split_point("k8s-w1/eth1") == ("k8s-w1", "eth1")
