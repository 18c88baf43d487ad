"""Asymmetric ways: told from what was seen, never from what was merely not captured."""

from __future__ import annotations

from dataclasses import replace

from captools.model.cluster import Node
from captools.model.paths import Asymmetry
from captures.build import icmp_echo, ipv4, tcp, timestamps
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.correlate.paths.scenes import A_POD, B_POD, WAY, Scene, chatter, cluster, link, ping, pinged

CLIENT, VIP = "203.0.113.9", "192.0.2.77"


def both(there: list[tuple[str, int]], back: list[tuple[str, int]]) -> Scene:
    scene = chatter(Scene({}), 5, 15)
    for at, (point, ttl) in enumerate(there):
        scene.sees(10 + at * 0.01, ping(1, ttl=ttl), point)
    for at, (point, ttl) in enumerate(back):
        scene.sees(10.2 + at * 0.01, ping(1, ttl=ttl, reply=True), point)
    return scene


THERE = list(WAY)


def test_an_answer_by_another_interface_of_the_router_is_told_with_both():
    back = [("b__lxcb", 64), ("b__eth0", 63), ("r__eth3", 63), ("r__eth1", 62), ("a__eth0", 62), ("a__lxca", 61)]
    (one,) = both(THERE, back).path(A_POD).detours
    assert (one.kind, one.node, one.forward, one.reply) == (Asymmetry.INTERFACE, "r", ("r/eth2",), ("r/eth3",))


def test_an_answer_by_another_router_is_told_of_both():
    back = [("b__lxcb", 64), ("b__eth0", 63), ("q__eth2", 63), ("q__eth1", 62), ("a__eth0", 62), ("a__lxca", 61)]
    found = both(THERE, back).path(A_POD).detours
    assert {(one.kind, one.node) for one in found} == {(Asymmetry.NODE, "r"), (Asymmetry.NODE, "q")}


def test_the_same_way_back_is_no_detour_and_neither_is_one_that_was_not_captured():
    assert pinged(chatter(Scene({}), 5, 15), 10, 1).path(A_POD).detours == ()
    # No answer was captured at the router at all, whose interfaces may not have been listening by then.
    scene = both(THERE, [("b__lxcb", 64), ("b__eth0", 63), ("a__eth0", 62), ("a__lxca", 61)])
    assert scene.path(A_POD, counts=False, user_filter="icmp[0] == 8").detours == ()


def test_a_router_that_was_listening_and_saw_no_answer_is_a_detour():
    scene = both(THERE, [("b__lxcb", 64), ("b__eth0", 63), ("a__eth0", 62), ("a__lxca", 61)])
    assert [(one.kind, one.node) for one in scene.path(A_POD).detours] == [(Asymmetry.NODE, "r")]


def direct_return(*, back_by_entry: bool) -> Scene:
    """A client asks a service address that node e gives on to pod b; who answers, and by which way?"""
    scene = Scene({})

    def syn(dst: str, ttl: int) -> bytes:
        return ipv4(tcp(sport=40_000, dport=80, flags=2, seq=9, options=timestamps(1, 0)), src=CLIENT, dst=dst, proto=6,
                    ttl=ttl)  # fmt: skip

    def answer(src: str, ttl: int) -> bytes:
        return ipv4(tcp(sport=80, dport=40_000, flags=0x12, seq=5, ack=10, options=timestamps(7, 1)), src=src, dst=CLIENT,
                    proto=6, ttl=ttl)  # fmt: skip

    for seq, ms in enumerate((0, 20)):
        for point in ("e__eth0", "b__eth0", "c__eth0"):
            scene.sees(
                ms, ipv4(icmp_echo(ident=3, seq=seq), src="192.0.2.8", dst="192.0.2.9", proto=1, ident=90 + seq), point
            )
    scene.sees(10, syn(VIP, 64), "c__eth0")
    scene.sees(10.1, syn(VIP, 63), "e__eth0")
    scene.sees(10.2, syn(B_POD, 62), "e__eth0")
    scene.sees(10.3, syn(B_POD, 62), "b__eth0")
    if back_by_entry:
        scene.sees(10.4, answer(B_POD, 64), "b__eth0")
        scene.sees(10.5, answer(B_POD, 63), "e__eth0")
        scene.sees(10.6, answer(VIP, 62), "e__eth0")
        scene.sees(10.7, answer(VIP, 61), "c__eth0")
    else:
        scene.sees(10.4, answer(VIP, 64), "b__eth0")
        scene.sees(10.7, answer(VIP, 63), "c__eth0")
    return scene


def inventory():
    entry = Node(name="e", internal_ip="192.0.2.3", in_cluster=True, links=(link(9, "eth0", "192.0.2.3"),))
    of = cluster()
    return replace(of, nodes=(*of.nodes, entry))


def test_an_answer_past_the_node_that_translated_is_a_direct_return():
    paths = direct_return(back_by_entry=False).analysed(inventory()).paths
    found = [one for path in paths if path.flow.proto == 6 for one in path.detours]
    assert [(one.kind, one.node, one.forward) for one in found] == [(Asymmetry.DIRECT_RETURN, "e", ("e/eth0",))]


def test_an_answer_through_it_is_none():
    paths = direct_return(back_by_entry=True).analysed(inventory()).paths
    assert [path.detours for path in paths if path.flow.proto == 6] == [()]


def test_the_recorded_cases_are_symmetric_as_far_as_the_wire_goes():
    for name in (S1, S2, S8, S13, FINE, LEAK):
        assert [path.detours for path in material(name).analysed().paths if path.detours] == [], name


def test_an_answer_that_never_came_home_took_no_other_way():
    assert both(THERE, [("b__lxcb", 64), ("b__eth0", 63)]).path(A_POD).detours == ()
