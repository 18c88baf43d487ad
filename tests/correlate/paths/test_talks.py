"""Talks: counts of packets and points are those that tshark gives, and super-frames count as the packets they are."""

from __future__ import annotations

import numpy as np

from captools.correlate.analyse import analyse
from captools.correlate.paths.talks import is_set
from captools.model.packets import TcpFlag
from captures import case
from tests.correlate.material import S2, material
from tests.correlate.paths.scenes import A_POD, Scene, pinged, tshark


def test_bytes_that_are_one_super_frame_here_and_ten_segments_there_count_as_the_segments():
    # k8s-w0's card sends each packet of this answer once and whole.
    path = next(p for p in material(S2).analysed().paths if p.flow.dst == "172.20.2.33" and p.packets > 20)
    wanted = f"tcp.port == {path.flow.sport} && ip.src == 172.20.2.33"
    frames = tshark(case(S2).capture("k8s-w0/eth1"), wanted, "frame.number")
    assert path.reply_packets == len(frames)


def test_a_packet_counts_once_however_many_points_saw_it():
    scene = Scene({})
    for seq in (1, 2, 3):
        pinged(scene, seq * 10, seq, reply=seq < 3)
    path = scene.path(A_POD)
    assert (path.request_packets, path.reply_packets, path.packets) == (3, 2, 5)
    assert len(path.points) == 6


def test_the_packet_shown_is_the_one_that_got_furthest():
    scene = pinged(Scene({}), 10, 1, there=2, reply=False)
    pinged(scene, 20, 2, there=4, reply=False)
    pinged(scene, 30, 3, there=3, reply=False)
    path = scene.path(A_POD)
    assert [hop.point for hop in path.hops] == ["a/lxca", "a/eth0", "r/eth1", "r/eth2"]
    assert {hop.evidence[0].frames for hop in path.hops[:2]} == {(2,)}


def test_an_empty_capture_has_no_conversations():
    one = material(S2).where(np.empty(0, np.int64))
    assert analyse(one.packets, one.http, one.sources, one.cluster).paths == ()


def test_no_flags_are_none_of_them():
    assert is_set(0x12, TcpFlag.RST, TcpFlag.SYN) and not is_set(0x10, TcpFlag.SYN) and not is_set(-1, TcpFlag.SYN)
