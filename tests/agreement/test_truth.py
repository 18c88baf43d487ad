"""What captools says of every reference case is what the lab's own traffic senders know to have happened."""

from __future__ import annotations

from typing import Any

import pytest

from captools.lab.board import as_text, score
from captools.model.analysis import Analysis
from captools.model.flows import proto_name
from captools.model.paths import Outcome, Path
from captools.pipeline import open_session
from captures import case, cases
from tests.agreement.telling import analysed

CASES = [one.name for one in cases()]


def flows() -> list[tuple[str, int]]:
    return [(one.name, at) for one in cases() for at in range(len(one.truth["truth"].get("flows", ())))]


def test_the_reference_cases_of_the_first_road_are_there_and_small() -> None:
    wanted = ("s1-native-route-black-hole", "s2-vxlan-overlay", "s8-ingress-dedicated-snat", "s13-wireguard-only")
    assert set(wanted) <= set(CASES)
    size = sum(path.stat().st_size for name in wanted for path in case(name).folder.rglob("*") if path.is_file())
    assert size < 2_000_000


@pytest.mark.parametrize("name", CASES)
def test_every_expected_finding_fires_and_no_other(name: str) -> None:
    told = score(case(name).truth, analysed(name).findings)
    assert told.right, as_text([told])


@pytest.mark.parametrize(("name", "at"), flows())
def test_every_flow_that_was_sent_is_followed_and_its_outcome_is_right(name: str, at: int) -> None:
    told = case(name).truth["truth"]["flows"][at]
    path = path_of(analysed(name), told)
    if told["answered"] == 0:
        # Where no point could have shown the loss, it must at least be told who owes the answer. A connection that opened
        # and then got stuck did deliver something.
        stuck = any(analysed(name).paths[one.path] is path for one in analysed(name).tcp.stuck)
        assert path.outcome in (Outcome.LOST, Outcome.REFUSED) or path.no_answer_at or stuck
    else:
        assert path.outcome is Outcome.DELIVERED, path.reason
    if told["proto"] == "icmp" and told["purpose"] == "test":
        assert (path.request_packets, path.reply_packets) == (told["sent"], told["answered"])


def path_of(analysis: Analysis, told: dict[str, Any]) -> Path:
    """Return the one path whose flow is exactly the one the sender tells of."""
    hits = [
        path
        for path in analysis.paths
        if proto_name(path.flow.proto) == told["proto"]
        and (path.flow.src, path.flow.dst) == (told["src"], told["dst"])
        and (path.flow.sport, path.flow.dport) == (told.get("sport"), told.get("dport"))
        and path.flow.icmp_id == told.get("icmp_id")
    ]
    assert len(hits) == 1, f"{len(hits)} paths for {told}"
    return hits[0]


def test_the_vni_is_the_senders_identity_in_each_direction() -> None:
    # FACTS section 2 and S2: 45966 is curl-pod's, 62886 webpod's.
    seen = {
        (hop.way.value, hop.vni)
        for path in analysed("s2-vxlan-overlay").paths
        if path.flow.src == "172.20.0.88" and path.flow.dst in ("172.20.1.108", "172.20.2.33")
        for hop in path.hops
        if hop.tunnel == "vxlan"
    }
    assert seen == {("forward", 45966), ("reply", 62886)}


def test_a_pod_packet_is_followed_through_the_tunnel_at_every_point_in_order() -> None:
    told = [f for f in case("s2-vxlan-overlay").truth["truth"]["flows"]
            if f["proto"] == "icmp" and f["src"] == "172.20.0.88" and f["dst"] == "172.20.2.33"]  # fmt: skip
    path = path_of(analysed("s2-vxlan-overlay"), told[0])
    way = [(hop.point, hop.change.value) for hop in path.hops if hop.way.value == "forward"]
    pod, last = way[0][0], way[-1][0]
    assert pod.startswith("k8s-ctr/lxc") and last.startswith("k8s-w0/lxc")
    assert way[1:-1] == [
        ("k8s-ctr/cilium_vxlan", "routed"),
        ("k8s-ctr/eth1", "encapsulated"),
        ("router/eth1", "none"),
        ("router/eth2", "routed"),
        ("k8s-w0/eth1", "none"),
        ("k8s-w0/cilium_vxlan", "decapsulated"),
    ]


def test_a_pod_packet_is_followed_through_wireguard() -> None:
    told = [f for f in case("s13-wireguard-only").truth["truth"]["flows"]
            if f["proto"] == "icmp" and f["src"] == "172.20.0.88" and f["dst"] == "172.20.1.108"]  # fmt: skip
    path = path_of(analysed("s13-wireguard-only"), told[0])
    way = [(hop.point.partition("/")[2], hop.change.value) for hop in path.hops if hop.way.value == "forward"]
    assert way[1:-1] == [
        ("cilium_wg0", "routed"), ("eth1", "encrypted"), ("eth1", "none"), ("cilium_wg0", "decrypted"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("s13-wireguard-only", "encrypted"), ("wireguard-leak", "leaking"), ("s1-native-route-black-hole", "not-encrypted"),
     ("no-fault", "not-encrypted"), ("s2-vxlan-overlay", "not-encrypted")],
)  # fmt: skip
def test_the_encryption_verdict_is_right(name: str, verdict: str) -> None:
    assert analysed(name).encryption.verdict.value == verdict


def test_expecting_encryption_makes_plain_traffic_a_leak() -> None:
    found = open_session([case("s2-vxlan-overlay").folder], expect_encryption=True).analysis
    assert found.encryption.verdict.value == "leaking"
    assert "cleartext-between-nodes" in {one.rule for one in found.findings}
