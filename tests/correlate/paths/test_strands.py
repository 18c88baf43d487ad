"""Strands: one packet, one line of hops, whatever pieces it travels in."""

from __future__ import annotations

import numpy as np

from captools.model.paths import Hop
from captures import case
from tests.correlate.material import S2, S13, material
from tests.correlate.paths.scenes import tshark


def row_of(name: str, point: str, frame: int) -> int:
    packets = material(name).packets
    points, frames = np.array(packets["point"].to_pylist()), packets["frame"].to_numpy()
    return int(np.flatnonzero((points == point) & (frames == frame))[0])


def hops_of(name: str, point: str, frame: int) -> tuple[Hop, ...]:
    return material(name).analysed().hops_of(row_of(name, point, frame))


def test_a_super_frame_is_all_of_its_segments_where_it_was_cut_up():
    # By tshark: the longest frame on the pod's interface, and the segments at the card whose bytes it holds.
    one = case(S2)
    frames = tshark(one.capture("k8s-w0/lxcee77f40d2cc8"), "tcp.len > 5000", "frame.number", "tcp.seq_raw", "tcp.len")
    number, seq, length = max((tuple(map(int, one)) for one in frames), key=lambda one: one[2])
    cut = tshark(one.capture("k8s-w0/eth1"), "tcp.srcport == 80 && tcp.len > 0 && ip.src == 172.20.2.33",
                 "frame.number", "tcp.seq_raw")  # fmt: skip
    inside = tuple(int(frame) for frame, at in cut if seq <= int(at) < seq + length)
    assert len(inside) > 5
    hops = hops_of(S2, "k8s-w0/lxcee77f40d2cc8", number)
    assert [(hop.point, hop.frames) for hop in hops] == [
        ("k8s-w0/lxcee77f40d2cc8", 1), ("k8s-w0/cilium_vxlan", 1), ("k8s-w0/eth1", len(inside)),
        ("router/eth2", len(inside)), ("router/eth1", len(inside)), ("k8s-ctr/eth1", len(inside)),
        ("k8s-ctr/cilium_vxlan", 1), ("k8s-ctr/lxca72ed626ec04", 1),
    ]  # fmt: skip
    assert hops[2].evidence[0].frames == inside


def test_a_segment_is_part_of_the_super_frames_and_has_no_time_of_its_own_in_them():
    one, wanted = case(S2), "tcp.srcport == 80 && tcp.len == 1398"
    cut = tshark(one.capture("k8s-w0/eth1"), wanted, "frame.number", "tcp.seq_raw")
    whole = {seq for file in ("k8s-w0/lxcee77f40d2cc8", "k8s-ctr/lxca72ed626ec04")
             for (seq,) in tshark(case(S2).capture(file), "tcp.srcport == 80", "tcp.seq_raw")}  # fmt: skip
    inner = next(int(frame) for frame, seq in cut if seq not in whole)
    hops = hops_of(S2, "k8s-w0/eth1", inner)
    assert [hop.point for hop in hops] == [
        "k8s-w0/lxcee77f40d2cc8", "k8s-w0/cilium_vxlan", "k8s-w0/eth1", "router/eth2", "router/eth1", "k8s-ctr/eth1",
        "k8s-ctr/cilium_vxlan", "k8s-ctr/lxca72ed626ec04",
    ]  # fmt: skip
    assert {hop.frames for hop in hops} == {1}
    assert [hop.delay_ns is None for hop in hops] == [True, True, True, False, False, False, True, True]


def test_a_packet_and_its_datagrams_are_one_strand():
    # Frame 3 of the pod's interface is its first ping to k8s-w1; the datagrams are told by (receiver index, counter).
    hops = hops_of(S13, "k8s-ctr/lxca72ed626ec04", 3)
    sealed = [hop for hop in hops if hop.tunnel == "wireguard"]
    assert [hop.point for hop in sealed] == ["k8s-ctr/eth1", "k8s-w1/eth1"]
    told = [
        tshark(case(S13).capture(hop.point), f"frame.number == {hop.evidence[0].frames[0]}",
               "wg.receiver", "wg.counter")
        for hop in sealed
    ]  # fmt: skip
    assert told[0] == told[1] and told[0][0][0]


def test_a_super_frame_that_was_sealed_in_pieces_is_all_of_its_datagrams():
    # By tshark: k8s-w1's pod sends super-frames, cilium_wg0 segments of 1420 bytes; data messages of 1452 bytes hold those,
    # in order of their counters.
    one = case(S13)
    pod, seq = max(
        (tuple(map(int, one)) for one in tshark(one.capture("k8s-w1/lxc4be40faccd59"), "tcp.len > 5000", "frame.number",
                                                "tcp.len", "tcp.seq_raw")), key=lambda one: -one[2]
    )[::2]  # fmt: skip
    cut = tshark(
        one.capture("k8s-w1/cilium_wg0"), "ip.len == 1420 && ip.src == 172.20.1.108", "frame.number", "tcp.seq_raw"
    )
    full = tshark(one.capture("k8s-w1/eth1"), "wg.type == 4 && udp.length == 1460 && ip.src == 192.168.10.101",
                  "frame.number")  # fmt: skip
    assert len(cut) == len(full) and int(cut[0][1]) == seq
    hops = {hop.point: hop for hop in hops_of(S13, "k8s-w1/lxc4be40faccd59", pod)}
    inside = hops["k8s-w1/cilium_wg0"].evidence[0].frames
    wanted = tuple(int(full[[int(number) for number, _ in cut].index(frame)][0]) for frame in inside)
    assert hops["k8s-w1/eth1"].evidence[0].frames == wanted and len(wanted) == hops["k8s-w1/eth1"].frames == 5
    assert list(hops)[:4] == ["k8s-w1/lxc4be40faccd59", "k8s-w1/cilium_wg0", "k8s-w1/eth1", "k8s-ctr/eth1"]


def test_where_the_device_that_seals_was_not_captured_datagrams_still_leave_behind_the_pod():
    one = material(S13).without("k8s-w1/cilium_wg0")
    points, frames = one.packets["point"].to_pylist(), one.packets["frame"].to_pylist()
    whole = material(S13).analysed()
    for row, place in enumerate(zip(points, frames, strict=True)):
        if place[0] == "k8s-ctr/cilium_wg0":
            wanted = [hop.point for hop in whole.hops_of(row_of(S13, *place)) if hop.point != "k8s-w1/cilium_wg0"]
            assert [hop.point for hop in one.analysed().hops_of(row)] == wanted
            if place[1] > 40:
                break


def test_a_frame_that_is_no_ip_packet_is_a_strand_of_its_own():
    arp = tshark(case(S2).capture("k8s-ctr/eth1"), "arp", "frame.number")
    hops = hops_of(S2, "k8s-ctr/eth1", int(arp[0][0]))
    assert [(hop.point, hop.src) for hop in hops] == [("k8s-ctr/eth1", "")]


def test_every_frame_of_a_case_can_be_followed_and_is_among_its_own_hops():
    one = material(S2)
    analysis = one.analysed()
    points, frames = one.packets["point"].to_pylist(), one.packets["frame"].to_pylist()
    for row in range(0, len(points), 7):
        shown = {
            (proof.point, frame) for hop in analysis.hops_of(row) for proof in hop.evidence for frame in proof.frames
        }
        assert (points[row], frames[row]) in shown
