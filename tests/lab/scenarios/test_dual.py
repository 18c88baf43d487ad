"""VXLAN inside WireGuard, as recorded: the wires show no pod, the device shows the tunnel, and all of it is followed."""

from __future__ import annotations

from captools.lab.scenarios.dual import SCENARIO
from captools.lab.topology import CURL_POD, webpod_on
from captools.model.encryption import Verdict
from captools.model.paths import Change, Way
from captures import case
from tests.correlate.material import material

CASE = SCENARIO.id


def test_the_wires_show_wireguard_and_neighbours_only():
    packets = material(CASE).packets
    rows = zip(*(packets[name].to_pylist() for name in ("point", "tunnel", "wg_type", "arp_op", "proto")), strict=True)
    wires = [row for row in rows if row[0].endswith(("eth1", "eth2"))]
    assert len(wires) > 50 and all(wg is not None or arp is not None for _, _, wg, arp, _ in wires)


def test_a_packet_is_encapsulated_then_encrypted_and_the_other_way_round_behind_the_wire():
    path = next(
        path
        for path in material(CASE).analysed().paths
        if (path.flow.src, path.flow.dst, path.flow.proto) == (CURL_POD.ip, webpod_on("k8s-w1").ip, 1)
    )
    told = [(hop.point.partition("/")[2], hop.change) for hop in path.ways(Way.FORWARD)][1:-1]
    assert told == [
        ("cilium_vxlan", Change.ROUTED), ("cilium_wg0", Change.ENCAPSULATED), ("eth1", Change.ENCRYPTED),
        ("eth1", Change.NONE), ("cilium_wg0", Change.DECRYPTED), ("cilium_vxlan", Change.DECAPSULATED),
    ]  # fmt: skip
    assert {hop.vni for hop in path.hops if hop.tunnel == "vxlan"} == {45966, 62886}


def test_every_inner_packet_is_found_in_a_datagram_its_tunnel_headers_included():
    found = material(CASE).analysed().encryption
    assert found.verdict is Verdict.ENCRYPTED
    assert all(
        pair.unmatched_inner == 0 and pair.matched_inner > 0
        for pair in found.pairs
        if pair.verdict is Verdict.ENCRYPTED
    )


def test_without_the_device_the_pods_own_packets_are_matched_as_well():
    one = material(CASE)
    for node in ("k8s-ctr", "k8s-w1", "k8s-w0"):
        one = one.without(f"{node}/cilium_wg0")
    found = one.analysed().encryption
    assert found.verdict is Verdict.ENCRYPTED and all(pair.unmatched_inner == 0 for pair in found.pairs)


def test_everything_is_answered():
    assert all(flow["answered"] == flow["sent"] for flow in case(CASE).truth["truth"]["flows"])
