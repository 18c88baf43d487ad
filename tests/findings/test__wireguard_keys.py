"""Keys by wg show: who expects another key than a node has; what was not told is no fault."""

from __future__ import annotations

from captools.findings._wireguard_keys import WrongKey, short, wrong_keys
from captools.model.cluster import Cluster, Node, WireGuard, WireGuardPeer


def node(name: str, ip: str, key: str, *peers: WireGuardPeer) -> Node:
    return Node(name=name, internal_ip=ip, wireguard=WireGuard(interface="cilium_wg0", public_key=key, peers=peers))


def peer(key: str, ip: str) -> WireGuardPeer:
    return WireGuardPeer(public_key=key, endpoint=f"{ip}:51871", allowed_ips=(f"{ip}/32",))


A, B = "192.0.2.1", "192.0.2.2"


def test_the_key_that_a_peer_expects_is_held_against_the_nodes_own():
    cluster = Cluster(nodes=(node("a", A, "KA", peer("OLD", B)), node("b", B, "KB", peer("KA", A))))
    assert wrong_keys(cluster, [("a", "b")]) == [WrongKey("b", "KB", "a", "OLD")]


def test_keys_that_fit_are_no_fault():
    cluster = Cluster(nodes=(node("a", A, "KA", peer("KB", B)), node("b", B, "KB", peer("KA", A))))
    assert wrong_keys(cluster, [("a", "b")]) == []


def test_a_node_that_is_nobodys_peer_is_told_with_no_key():
    cluster = Cluster(nodes=(node("a", A, "KA"), node("b", B, "KB", peer("KA", A))))
    assert wrong_keys(cluster, [("a", "b")]) == [WrongKey("b", "KB", "a", "")]


def test_a_peer_behind_address_translation_is_known_by_what_it_may_send_from():
    behind = WireGuardPeer(public_key="KB", endpoint="203.0.113.9:40000", allowed_ips=(f"{B}/32", "10.0.2.0/24"))
    cluster = Cluster(nodes=(node("a", A, "KA", behind), node("b", B, "KB", peer("KA", A))))
    assert wrong_keys(cluster, [("a", "b")]) == []


def test_nodes_that_did_not_tell_their_keys_are_left_out():
    cluster = Cluster(nodes=(node("a", A, "KA", peer("OLD", B)), Node(name="b", internal_ip=B)))
    assert wrong_keys(cluster, [("a", "b"), ("a", "unheard")]) == []


def test_ipv6_endpoints_stand_in_brackets():
    there = "2001:db8::2"
    cluster = Cluster(
        nodes=(
            node("a", A, "KA", WireGuardPeer(public_key="OLD", endpoint=f"[{there}]:51871")),
            node("b", there, "KB", peer("KA", A)),
        )
    )
    assert wrong_keys(cluster, [("a", "b")]) == [WrongKey("b", "KB", "a", "OLD")]


def test_a_key_is_shown_by_its_beginning():
    assert short("Hw+HwdpLxr1lLXdcRi3/7Iz3kVkMfQicqMuNTA3VI1U=") == "Hw+HwdpL…"
