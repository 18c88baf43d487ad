"""The parts of a request: what addresses are, who stands behind them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.requests.parts import Parts, tls_leg
from captools.correlate.requests.place import Places
from captools.model.cluster import Cluster
from captools.model.flows import Flow
from tests.correlate.requests.stage import (
    CLIENT,
    CLUSTER,
    FRONT,
    INGRESS,
    POD,
    back,
    client_hello,
    exchange,
    server_hello,
    tls_of,
)
from tests.correlate.talk import MS, Frames, get, read


def parts(cluster: Cluster = CLUSTER) -> Parts:
    found = read(k8s_w1__eth1=[FRONT.ask(0, get())])
    return Parts(Places(found.rows(), cluster), cluster)


def one(frames: Frames):
    found = read(k8s_w1__eth1=frames)
    return Parts(Places(found.rows(), CLUSTER), CLUSTER), found.exchanges()[0]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (INGRESS, "ingress"),
        ("10.0.2.15", "node"),
        ("172.20.1.12", "cilium-host"),
        ("172.20.1.77", "pod"),
        (CLIENT, "other"),
    ],
)
def test_an_address_is_what_it_is_on_the_proxys_node(address: str, kind: str):
    assert parts().source_kind(address, "k8s-w1") == kind


def test_from_a_nodes_own_addresses_a_proxy_asks_and_no_client():
    assert [parts().is_proxy(one) for one in (INGRESS, "10.0.2.15", "192.168.10.101", CLIENT, POD)] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_an_attempt_tells_what_was_asked_of_whom_and_what_came_of_it():
    made, asked = one(exchange(back(), 0, 7, get("/a")))
    attempt = made.attempt(asked, "k8s-w1")
    assert (attempt.src, attempt.sport, attempt.dst, attempt.dport) == (INGRESS, 33000, POD, 80)
    assert (attempt.source_kind, attempt.status, attempt.result, attempt.wait_ns) == (
        "ingress",
        200,
        "answered",
        7 * MS,
    )
    assert (attempt.backend.pod, attempt.backend.node, attempt.host, attempt.path) == (
        "default/webpod-1", "k8s-w0", "shop", "/a",
    )  # fmt: skip


@pytest.mark.parametrize(("flags", "result"), [(0x14, "reset"), (0x11, "no-answer")])
def test_an_attempt_without_an_answer_was_reset_or_not(flags: int, result: str):
    made, asked = one([*exchange(back(), 0, None, get("/a")), back().answer(3, flags=flags)])
    attempt = made.attempt(asked, None)
    assert (attempt.status, attempt.result, attempt.wait_ns) == (None, result, None)


def test_the_pod_behind_a_services_address_is_the_backend():
    made, asked = one(exchange(back(), 0, 7, get("/a")))
    asked = replace(asked, flow=Flow(INGRESS, "10.96.0.9", 6, 33000, 80))
    asked.variants = (asked.flow, Flow(INGRESS, POD, 6, 33000, 8080))
    assert made.attempt(asked, None).backend.ip == POD and made.attempt(asked, None).dst == "10.96.0.9"
    asked.variants = (asked.flow,)
    assert made.pod_behind(asked) is None


def test_without_an_inventory_a_backend_is_an_address():
    assert parts(Cluster()).backend("10.0.0.1", 80).to_json() == {
        "ip": "10.0.0.1", "port": 80, "pod": None, "node": None,
    }  # fmt: skip


def test_a_tls_connection_is_a_client_leg_with_what_its_hellos_say():
    hello = client_hello(bytes(32), "shop.example", "http/1.1")
    found = read(k8s_w1__eth1=[FRONT.ask(0, hello), FRONT.answer(1, server_hello(bytes(32)))])
    leg = tls_leg(parts(), tls_of(found)[0])
    assert (leg.src, leg.sport, leg.over_tls, leg.sni) == (CLIENT, 40000, True, "shop.example")
    assert (leg.offered, leg.alpn, leg.tls_version) == (("http/1.1",), "http/1.1", "1.2")
