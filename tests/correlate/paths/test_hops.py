"""Hops: what was done to the packet, whose identity its VNI is, and what DSR hands on."""

from __future__ import annotations

import struct
from dataclasses import replace
from ipaddress import ip_address

import pytest

from captools.model.paths import Change, Path
from captures.build import ethernet, geneve, gre, ipv4, ipv6, tcp, timestamps, udp, vxlan
from tests.correlate.material import S2, S13, material
from tests.correlate.paths.scenes import A_IP, A_POD, B_IP, B_POD, Scene, cluster, ping


def wrapped(vni: int, inner: bytes | None = None, **header: int) -> bytes:
    body = vxlan(ethernet(inner or ping(1, ttl=63)), vni=vni)
    return ipv4(udp(body, sport=50_000, dport=8472), src=A_IP, dst=B_IP, proto=17, **header)


def tunnelled(vni: int, **changes: object) -> Path:
    scene = Scene({})
    scene.sees(0, ping(1, ttl=64), "a__lxca")
    scene.sees(0.1, wrapped(vni), "a__eth0")
    return scene.path(A_POD, cluster(**changes))


def test_the_vni_is_the_senders_identity_and_the_inventory_agrees():
    hop = tunnelled(1001, identities={1001: ("k8s:app=a",)}).hops[1]
    assert (hop.vni, hop.identity, hop.sender_identity, hop.identity_agrees) == (1001, "k8s:app=a", 1001, True)


def test_a_vni_of_somebody_else_is_told_with_both():
    hop = tunnelled(1002).hops[1]
    assert (hop.vni, hop.sender_identity, hop.identity_agrees) == (1002, 1001, False)
    assert hop.to_json()["identity_agrees"] is False


@pytest.mark.parametrize("vni", [1, 2, 4, 6, 8, 1001 + (3 << 16)])
def test_reserved_identities_and_other_clusters_are_held_against_nobody(vni):
    hop = tunnelled(vni).hops[1]
    assert hop.sender_identity is None and hop.identity_agrees is None


def test_reserved_identities_have_names():
    assert tunnelled(4).hops[1].identity == "reserved:health"


def test_a_sender_without_a_known_identity_is_no_stranger():
    of = cluster()
    hop = tunnelled(1002, pods=tuple(replace(pod, identity=None) for pod in of.pods)).hops[1]
    assert hop.identity_agrees is None


def test_in_the_recorded_overlay_every_vni_is_the_senders():
    # Truth: the lab routes each pod through a table named after its identity (case.toml, mode vxlan).
    hops = [hop for path in material(S2).analysed().paths for hop in path.hops if hop.tunnel == "vxlan"]
    assert {(hop.src, hop.vni, hop.identity_agrees) for hop in hops} == {
        ("172.20.0.88", 45966, True), ("172.20.2.33", 62886, True), ("172.20.1.108", 62886, True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("outer", "tunnel"),
    [
        (ipv4(udp(geneve(ethernet(ping(1, ttl=63)), vni=1001), sport=5, dport=6081), src=A_IP, dst=B_IP, proto=17),
         "geneve"),
        (ipv4(ping(1, ttl=63), src=A_IP, dst=B_IP, proto=4), "ipip"),
        (ipv4(gre(ping(1, ttl=63)), src=A_IP, dst=B_IP, proto=47), "gre"),
        (wrapped(1001), "vxlan"),
    ],
)  # fmt: skip
def test_every_tunnel_is_a_hop_that_wraps_and_one_that_unwraps(outer, tunnel):
    scene = Scene({})
    scene.sees(0, ping(1, ttl=64), "a__lxca")
    scene.sees(0.1, outer, "a__eth0", "b__eth0")
    scene.sees(0.3, ping(1, ttl=62), "b__lxcb")
    hops = scene.path(A_POD).hops
    assert [(hop.point, hop.change.value, hop.tunnel) for hop in hops] == [
        ("a/lxca", "none", "none"), ("a/eth0", "encapsulated", tunnel), ("b/eth0", "none", tunnel),
        ("b/lxcb", "decapsulated", "none"),
    ]  # fmt: skip
    assert {(hop.outer_src, hop.outer_dst) for hop in hops[1:3]} == {(A_IP, B_IP)}


def test_a_tunnel_in_a_tunnel_wraps_twice():
    nested = ipv4(wrapped(1001, ttl=60), src="203.0.113.1", dst="203.0.113.2", proto=4)
    scene = Scene({})
    scene.sees(0, ping(1, ttl=64), "a__lxca")
    scene.sees(0.1, wrapped(1001), "a__eth0")
    scene.sees(0.2, nested, "r__eth1")
    assert [hop.change for hop in scene.path(A_POD).hops] == [Change.NONE, Change.ENCAPSULATED, Change.ENCAPSULATED]


def test_wireguard_encrypts_on_the_way_out_and_decrypts_on_the_way_in():
    path = next(p for p in material(S13).analysed().paths if (p.flow.dst, p.flow.proto) == ("172.20.1.108", 1))
    assert [(hop.point, hop.change.value, hop.tunnel) for hop in path.hops[:6]] == [
        ("k8s-ctr/lxca72ed626ec04", "none", "none"), ("k8s-ctr/cilium_wg0", "routed", "none"),
        ("k8s-ctr/eth1", "encrypted", "wireguard"), ("k8s-w1/eth1", "none", "wireguard"),
        ("k8s-w1/cilium_wg0", "decrypted", "none"), ("k8s-w1/lxc4be40faccd59", "routed", "none"),
    ]  # fmt: skip
    assert all(hop.confidence.value != "proven" for hop in path.hops if hop.tunnel == "wireguard")


def test_dsr_tells_the_backend_which_service_address_to_answer_from():
    # Class 0x014B, type 0x81, two words: address, port, padding (FACTS, section 4).
    option = struct.pack("!HBB4sHH", 0x014B, 0x81, 2, ip_address("192.0.2.77").packed, 80, 0)
    syn = ipv4(
        tcp(sport=40_000, dport=8080, flags=2, seq=9, options=timestamps(1, 0)), src="203.0.113.9", dst=B_POD, proto=6
    )
    outer = udp(geneve(ethernet(syn), vni=2, options=option), sport=5, dport=6081)
    scene = Scene({})
    scene.sees(0, ipv4(outer, src=A_IP, dst=B_IP, proto=17), "b__eth0")
    (hop,) = scene.path("203.0.113.9").hops
    assert (hop.dsr, hop.identity) == ("192.0.2.77:80", "reserved:world")


def test_ipv6_hop_limits_are_ttls():
    packet = {hops: ipv6(tcp(sport=1025, dport=80, flags=2, seq=7), src="fd00::1", dst="fd00::2", proto=6, hops=hops)
              for hops in (64, 63)}  # fmt: skip
    scene = Scene({})
    for point, hops in (("b__eth0", 63), ("a__eth0", 64)):
        scene.points[point] = [(1_700_000_000_000_000_000, ethernet(packet[hops], kind=0x86DD))]
    assert [(hop.point, hop.ttl, hop.change) for hop in scene.path("fd00::1").hops] == [
        ("a/eth0", 64, Change.NONE), ("b/eth0", 63, Change.ROUTED),
    ]  # fmt: skip
