"""Frames and bytes that carried each conversation, against what tshark sums up."""

from __future__ import annotations

import subprocess

import numpy as np
import pyarrow.compute as pc
import pytest

from captools.model.carried import CARRIED
from captures import case
from tests.correlate.material import FINE, S2, S13, material

CARDS = ("k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w0/eth1")


def tshark(name: str, point: str, filter_: str, *fields: str) -> list[list[str]]:
    argv = ["tshark", "-n", "-r", str(case(name).capture(point)), "-d", "udp.port==8472,vxlan", "-Y", filter_]
    argv += ["-T", "fields", "-E", "occurrence=l", *(word for field in fields for word in ("-e", field))]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("name", "form"), [(FINE, "plain"), (S2, "vxlan")])
def test_readable_frames_are_those_that_tshark_finds(name, form):
    analysis = material(name).analysed()
    rows = [row for row in analysis.carried.to_pylist() if row["form"] == form]
    checked = 0
    for row in rows:
        flow = analysis.paths[row["path"]].flow
        if flow.sport is None:
            continue
        ends = (flow.src, flow.sport, flow.dst, flow.dport)
        src, sport, dst, dport = (ends[2], ends[3], ends[0], ends[1]) if row["reply"] else ends
        wanted = f"ip.src == {src} && ip.dst == {dst} && tcp.srcport == {sport} && tcp.dstport == {dport}"
        found = tshark(name, row["point"], wanted, "frame.len", "ip.len")
        assert (row["frames"], row["packets"]) == (len(found), len(found)), row
        assert row["wire_bytes"] == sum(int(length) for length, _ in found)
        assert row["packet_bytes"] == sum(int(length) for _, length in found)
        checked += 1
    assert checked >= 4


def test_datagrams_are_counted_once_each_and_their_packets_are_those_of_the_wireguard_device():
    told = material(S13).analysed().carried.to_pylist()
    for point in CARDS:
        here = [row for row in told if row["point"] == point]
        # Every data message of this case carries a packet of a conversation, but for keepalives (32 bytes).
        data = [int(length) for (length,) in tshark(S13, point, "wg.type == 4 && udp.length > 40", "frame.len")]
        assert {row["form"] for row in here} == {"wireguard"}
        assert sum(row["frames"] for row in here) == len(data)
        assert sum(row["wire_bytes"] for row in here) == sum(data)
        device = [row for row in told if row["point"] == point.replace("eth1", "cilium_wg0")]
        for key in ("packets", "packet_bytes"):
            assert sum(row[key] for row in here) == sum(row[key] for row in device)


def test_all_datagrams_that_a_super_frame_fills_are_counted():
    whole = material(S13)
    blind = whole.without("k8s-ctr/cilium_wg0").without("k8s-w1/cilium_wg0").without("k8s-w0/cilium_wg0")

    def bulk(one):
        analysis = one.analysed()
        rows = [row for row in analysis.carried.to_pylist() if row["point"] == "k8s-w1/eth1" and row["reply"]]
        return max(rows, key=lambda row: row["wire_bytes"])

    segments, frames = bulk(whole), bulk(blind)
    # 20,000 bytes in segments of 1,368: the pod's device shows fewer, larger packets.
    assert segments["packets"] == segments["frames"] >= 15 > frames["packets"]
    assert (frames["frames"], frames["wire_bytes"]) == (segments["frames"], segments["wire_bytes"])


def test_what_a_point_shows_twice_counts_once():
    once = material(FINE).analysed().carried
    twice = material(FINE).doubled("k8s-ctr/eth1").analysed().carried
    assert once.equals(twice)


def test_pings_count_too_and_nobodys_frames_do_not():
    analysis = material(FINE).analysed()
    assert analysis.carried.schema.equals(CARRIED)
    pings = [row for row in analysis.carried.to_pylist() if analysis.paths[row["path"]].flow.proto == 1]
    assert {row["frames"] for row in pings if analysis.paths[row["path"]].flow.icmp_id < 0x4000} == {
        3
    }  # three each way
    assert {row["wire_bytes"] for row in pings if row["frames"] == 3} == {3 * 98}
    conversing = analysis.packets.filter(pc.invert(pc.is_null(analysis.packets["proto"])))
    assert sum(analysis.carried["frames"].to_pylist()) <= len(conversing)
    nothing = material(FINE).where(np.empty(0, np.int64)).analysed()
    assert len(nothing.carried) == 0
