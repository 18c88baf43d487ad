"""The truth of connections through a service: counted by backend, and a few of them in full."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.lab.balanced import balanced, translator
from captools.lab.topology import CURL_POD, LEADER, Mode, webpod_on
from captools.lab.truth import FlowTruth, RequestTruth, Truth

VIP, ROUTER = "192.168.10.213", "192.168.10.200"
FAR, NEAR = webpod_on("k8s-w0"), webpod_on(LEADER)


def call(at: int, backend: str, seen: str, *, client: str = ROUTER, address: str = VIP) -> Truth:
    times = {"started": f"2026-11-21T20:00:{at:02d}.000000000Z", "ended": f"2026-11-21T20:00:{at:02d}.5Z"}
    pod = next(pod for pod in (FAR, NEAR, webpod_on("k8s-ctr")) if pod.ip == backend)
    flow = FlowTruth(proto="tcp", src=client, sport=40_000 + at, dst=address, dport=80, sent=1, answered=1, **times)
    asked = RequestTruth(
        client=client, client_port=40_000 + at, address=address, port=80, method="GET", path="/", status=200,
        backend_pod=pod.name, backend_ip=backend, backend_node=pod.node, remote_addr=seen, remote_port=40_000 + at, **times,
    )  # fmt: skip
    return Truth(flows=(flow,), requests=(asked,))


def told(*calls: Truth, **how: object) -> Truth:
    return balanced(sum(calls, Truth()), Mode.NATIVE, **how)  # type: ignore[arg-type]


def test_every_connection_is_in_a_share_and_the_first_of_each_in_full():
    found = told(call(1, FAR.ip, "192.168.10.101"), call(2, NEAR.ip, ROUTER), call(3, FAR.ip, "192.168.10.101"))
    far, near = found.shares
    assert (far.client, far.address, far.port, far.backend_pod, far.backend_node) == (
        ROUTER,
        VIP,
        80,
        FAR.name,
        "k8s-w0",
    )
    assert (far.ports, far.seen_src, far.listed) == (((40_001, 40_001), (40_003, 40_003)), "192.168.10.101", 1)
    assert (near.ports, near.seen_src) == (((40_002, 40_002),), ROUTER)
    assert [flow.sport for flow in found.flows] == [40_001, 40_002] and len(found.requests) == 2
    assert all(one.translated and not one.proxied for one in found.requests)


def test_shares_add_up_and_are_written_briefly():
    one = told(call(1, FAR.ip, "192.168.10.101"))
    both = one + told(call(2, NEAR.ip, ROUTER))
    assert len(both.shares) == 2 and "shares" not in Truth().to_json()
    assert one.to_json()["shares"][0]["ports"] == ((40_001, 40_001),)


def test_the_way_leads_through_the_node_that_translates():
    found = told(call(1, FAR.ip, "192.168.10.101")).flows[0]
    assert found.way == (
        "router/eth1", "k8s-w1/eth1", "k8s-w1/eth1", "router/eth1", "router/eth2", "k8s-w0/eth1",
        f"k8s-w0/{FAR.interface}",
    )  # fmt: skip
    assert found.way_back == tuple(reversed(found.way))
    assert (found.seen_src, found.seen_sport, found.seen_dst, found.seen_dport) == (
        "192.168.10.101",
        40_001,
        FAR.ip,
        80,
    )


def test_a_pods_own_node_translates_and_leaves_the_source_alone():
    assert (translator(CURL_POD.ip), translator(ROUTER)) == ("k8s-ctr", LEADER)
    found = told(call(1, NEAR.ip, CURL_POD.ip, client=CURL_POD.ip)).flows[0]
    assert found.way == (f"k8s-ctr/{CURL_POD.interface}", "k8s-ctr/eth1", "k8s-w1/eth1", f"k8s-w1/{NEAR.interface}")
    assert found.seen_src is None and found.seen_dst == NEAR.ip


def test_where_the_socket_chose_the_service_is_told_and_nothing_was_translated():
    found = told(call(1, NEAR.ip, CURL_POD.ip, client=CURL_POD.ip, address=NEAR.ip), service=("10.96.73.11", 80))
    assert (found.shares[0].address, found.flows[0].dst, found.flows[0].seen_dst) == ("10.96.73.11", NEAR.ip, None)
    assert not found.requests[0].translated


def test_a_connection_that_nobody_answered_is_no_truth_of_shares():
    lonely = replace(call(1, FAR.ip, ROUTER), requests=())
    with pytest.raises(KeyError):
        told(lonely)
