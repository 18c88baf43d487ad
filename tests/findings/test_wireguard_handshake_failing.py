"""wireguard-handshake-failing: a wrong key, a blocked port and a dropped rekey are told apart; less seen is less said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings.wireguard_handshake_failing import RULE, explains
from captools.model.analysis import Analysis
from captools.model.cluster import WireGuard
from captools.model.encryption import Pair
from captools.model.evidence import Confidence, Evidence
from captools.model.findings import Finding, Severity
from captools.model.paths import Outcome
from captools.model.wireguard import Session, Trouble
from tests.correlate.material import FINE, LEAK, S2, S13, Material, material

ID = "wireguard-handshake-failing"
WRONG_KEY, BLOCKED, REKEY, DUAL = "wireguard-handshake-failing", "wireguard-port-blocked", "wireguard-rekey", "dual"


def without_keys(one: Material) -> Material:
    """Forget what wg show told of the nodes."""
    nodes = tuple(replace(node, wireguard=None) for node in one.cluster.nodes)
    return replace(one, cluster=replace(one.cluster, nodes=nodes))


def without_node(one: Material, node: str) -> Material:
    for point in {source.point for source in one.sources if source.point.startswith(f"{node}/")}:
        one = one.without(point)
    return one


def test_a_wrong_key_is_told_once_for_its_node_and_proven_by_the_nodes_own_words(fired):
    (one,) = fired(ID, WRONG_KEY)
    assert (one.severity, one.confidence) == (Severity.ERROR, Confidence.PROVEN)
    assert one.subject["node"] == "k8s-w1"
    keys = {node.name: node.wireguard for node in material(WRONG_KEY).cluster.nodes if node.wireguard}
    own = keys["k8s-w1"].public_key
    (expected,) = {peer.public_key for peer in keys["k8s-ctr"].peers if "192.168.10.101/32" in peer.allowed_ips}
    assert own != expected and own[:8] in one.statement and expected[:8] in one.statement
    shakes = [proof for proof in one.evidence if "wg.type == 1" in proof.filter]
    assert {proof.point for proof in shakes} == {"k8s-w1/eth1", "k8s-ctr/eth1", "k8s-w0/eth1"}
    waiting = [proof for proof in one.evidence if proof not in shakes]
    assert waiting and all(proof.point.endswith("/cilium_wg0") for proof in waiting)
    assert "default/curl-pod (172.20.0.88) to default/webpod-697b545f57-2dg5m" in one.statement
    assert "kubectl get ciliumnode k8s-w1" in one.remedy


def test_without_wg_show_the_packets_alone_leave_the_cause_open(fired):
    found = fired(ID, without_keys(material(WRONG_KEY)).analysed())
    assert {one.confidence for one in found} == {Confidence.LIKELY}
    assert all("a key does not fit, or something drops them behind that card" in one.statement for one in found)


def test_a_blocked_port_is_seen_up_to_the_router_and_never_behind_it(fired):
    (one,) = fired(ID, BLOCKED)
    assert (one.subject["node"], one.confidence) == ("k8s-w0", Confidence.LIKELY)
    assert "up to router/eth1 and never to k8s-w0/eth1" in one.statement and "UDP 51871 is blocked" in one.statement
    assert "k8s-w0/eth1" in one.coverage.points
    assert one.remedy.startswith("on router")


def test_handshakes_dropped_beside_data_do_not_blame_the_port(fired):
    (one,) = fired(ID, REKEY)
    assert (one.subject["src"], one.subject["dst"]) == ("k8s-ctr", "k8s-w0")
    assert "drops handshakes only" in one.statement and "is blocked" not in one.statement
    assert "renew a session" in one.statement and "180 s" in one.statement


@pytest.mark.parametrize("name", [S2, S13, LEAK, FINE, DUAL])
def test_it_is_silent_where_handshakes_work_or_nobody_makes_any(fired, name):
    assert fired(ID, name) == []


def test_with_the_receivers_card_withheld_nothing_is_claimed_of_it(fired):
    (one,) = fired(ID, material(BLOCKED).without("k8s-w0/eth1").analysed())
    assert "never to k8s-w0/eth1" not in one.statement and "k8s-w0/eth1, by which" in one.statement
    # What k8s-w0 itself sends is still seen to come as far as the router, and not to come to its peer.
    assert "2 initiations of k8s-w0 came up to router/eth2 and never to k8s-w1/eth1" in one.statement


def test_with_a_node_withheld_that_alone_could_tell_it_is_possible_only(fired):
    one = material(BLOCKED).without("k8s-w0/eth1").without("router/eth2")
    assert {each.confidence for each in fired(ID, one.analysed())} == {Confidence.POSSIBLE}
    one = without_keys(without_node(without_node(material(WRONG_KEY), "k8s-w1"), "k8s-w0"))
    found = fired(ID, one.without("router/eth1").without("router/eth2").analysed())
    assert all("k8s-w1" in each.statement and "is blocked" not in each.statement for each in found)


def test_with_the_senders_side_withheld_the_receiver_still_tells_the_wrong_key(fired):
    found = fired(ID, without_node(material(WRONG_KEY), "k8s-ctr").analysed())
    assert found and all("k8s-w1" in one.statement for one in found)
    assert not any("UDP 51871 is blocked" in one.statement for one in found)


def test_without_any_card_there_is_nothing_to_say(fired):
    one = material(WRONG_KEY)
    for point in ("k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w0/eth1", "router/eth1", "router/eth2"):
        one = one.without(point)
    assert fired(ID, one.analysed()) == []


def test_a_peer_that_is_not_listed_at_all_is_a_cause_too(fired):
    one = material(WRONG_KEY)
    nodes = tuple(
        replace(node, wireguard=replace(node.wireguard or WireGuard(interface="x"), peers=()))
        if node.name == "k8s-ctr"
        else node
        for node in one.cluster.nodes
    )
    found = fired(ID, replace(one, cluster=replace(one.cluster, nodes=nodes)).analysed())
    assert any("k8s-ctr do not list it as a peer" in each.statement for each in found)


def test_a_session_used_past_its_end_is_stale():
    over = Session(
        sender="k8s-ctr", receiver="k8s-w1", receiver_index=7, sender_index=None, established="2026-11-20T12:00:00.000000000Z",
        first="2026-11-20T12:00:01.000000000Z", last="2026-11-20T12:03:20.000000000Z", data=40, keepalives=0,
        first_counter=0, last_counter=39, expired=4,
    )  # fmt: skip
    (one,) = RULE.judge(with_sessions(material(S13).analysed(), over))
    assert "4 data messages came more than 180 s after the handshake of 12:00:00.000" in one.statement
    assert not list(RULE.judge(with_sessions(material(S13).analysed(), replace(over, expired=0))))


def with_sessions(analysis: Analysis, session: Session) -> Analysis:
    pairs = tuple(
        replace(pair, sessions=(session,)) if (pair.a, pair.b) == ("k8s-ctr", "k8s-w1") else pair
        for pair in analysis.encryption.pairs
    )
    return replace(analysis, encryption=replace(analysis.encryption, pairs=pairs))


def test_it_explains_the_flows_that_wait_and_no_others(fired):
    analysis = material(WRONG_KEY).analysed()
    waiting = [path for path in analysis.paths if explains(analysis, path)]
    lost = [path for path in analysis.paths if path.outcome is not Outcome.DELIVERED]
    assert waiting == lost and lost
    assert fired("lost-between-points", analysis) == [] and fired("routing-black-hole", analysis) == []


def trouble(kind: str, confidence: Confidence = Confidence.LIKELY) -> Trouble:
    proof = Evidence(point="west/eth1", file="f", sha256="", frames=(1,), shows="x")
    return Trouble(
        kind=kind, initiator="east", responder="west", initiations=3, first="2026-11-20T12:00:01.000000000Z",
        last="2026-11-20T12:00:11.000000000Z", reason="no card of west was captured", confidence=confidence,
        points=("east/eth1",), last_seen="east/eth1", unseen_at=("west/eth1",), evidence=(proof,),
    )  # fmt: skip


def only(*troubles: Trouble) -> Finding:
    pair = Pair(
        a="east", b="west", wireguard_packets=0, cleartext_packets=0, matched_inner=0, unmatched_inner=0, handshakes=(),
        coverage="", troubles=troubles,
    )  # fmt: skip
    analysis = material(FINE).analysed()
    (one,) = RULE.judge(replace(analysis, encryption=replace(analysis.encryption, pairs=(pair,))))
    return one


@pytest.mark.parametrize(
    ("kind", "says", "next_step"),
    [
        ("ignored", "came to west/eth1 and were never answered", "wg show cilium_wg0"),
        ("blocked", "came up to east/eth1 and never to west/eth1, which was listening", "between east and west"),
        ("filtered", "drops handshakes only", "148 and 92 bytes"),
        ("unreached", "handshakes, UDP 51871 or the whole way is blocked", "nft list ruleset"),
        ("answer-lost", "were answered, but the answers never came back", "from west back to east"),
        ("closed", "refused with ICMP port unreachable", "wg show cilium_wg0 listen-port"),
        ("unknown", "no card of west was captured", "capture on the cards of both nodes"),
    ],
)
def test_every_kind_of_trouble_has_its_words_and_its_next_step(kind, says, next_step):
    one = only(trouble(kind))
    assert says in one.statement and next_step in one.remedy
    assert "3 initiations of east" in one.statement


def test_the_surer_direction_tells_the_cause_of_both():
    back = replace(trouble("unknown", Confidence.POSSIBLE), initiator="west", responder="east")
    one = only(back, trouble("blocked"))
    assert one.confidence is Confidence.LIKELY and "UDP 51871 is blocked on the way" in one.statement
    assert "3 initiations of west" in one.statement and "3 initiations of east" in one.statement
