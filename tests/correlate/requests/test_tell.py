"""Requests: who asked, which proxy on which node, from which address it asked whom, and how long that took."""

from __future__ import annotations

import pytest

from captools.correlate.requests.tell import by_time
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence
from captools.model.requests import Request
from tests.correlate.requests.stage import CLIENT, CLUSTER, FORWARDED, FRONT, INGRESS, POD, VIP, W1_MAC, back, proxied
from tests.correlate.talk import MS, START, Ends, get, read, reply


def only(analysis: Analysis) -> Request:
    (one,) = analysis.requests
    return one


def test_both_legs_are_told_with_the_proxy_between_them():
    one = only(read(k8s_w1__eth1=proxied(back())).analysed(CLUSTER))
    assert (one.method, one.path, one.host, one.status) == ("GET", "/a", "shop", 200)
    assert (one.client, one.xff, one.request_id) == (CLIENT, (CLIENT,), "id-1")
    assert one.client_leg is not None and (one.client_leg.sport, one.client_leg.dst) == (40000, VIP)
    assert one.client_leg.points == ("k8s-w1/eth1",)
    assert one.proxy is not None and (one.proxy.node, one.proxy.source_address) == ("k8s-w1", INGRESS)
    assert one.backend is not None
    assert (one.backend.pod, one.backend.node, one.backend.port) == ("default/webpod-1", "k8s-w0", 80)
    assert one.backend_leg == one.attempts[0] and one.note == ""


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (INGRESS, "ingress"),
        ("10.0.2.15", "node"),
        ("192.168.10.101", "node"),
        ("172.20.1.12", "cilium-host"),
        ("172.20.1.77", "pod"),
        ("203.0.113.5", "other"),
    ],
)
def test_the_kind_of_the_source_address_is_judged_on_the_proxys_own_node(source, kind):
    one = only(read(k8s_w1__eth1=proxied(back(source, "172.20.1.108"))).analysed(CLUSTER))
    assert one.proxy is not None
    assert (one.proxy.source_kind, one.attempts[0].source_kind, one.proxy.node) == (kind, kind, "k8s-w1")


def test_time_in_the_proxy_is_counted_on_its_nodes_own_clock_both_ways():
    one = only(read(k8s_w1__eth1=proxied(back())).analysed(CLUSTER))
    assert (one.gateway_ns, one.total_ns) == (5 * MS, 13 * MS)


def test_without_the_proxys_own_points_its_time_is_unknown_and_not_guessed():
    frames = proxied(back())
    found = read(router__eth1=frames[:1] + frames[3:], k8s_w0__eth1=frames[1:3])
    one = only(found.analysed(CLUSTER))
    assert one.gateway_ns is None and one.total_ns == 13 * MS
    # The node is known all the same: the client's frame went to a MAC of k8s-w1.
    assert one.proxy is not None and one.proxy.node == "k8s-w1"


def test_which_node_the_proxy_is_on_is_never_looked_up_by_an_address_that_many_nodes_have():
    frames = proxied(back("10.0.2.15", POD))  # k8s-w0 has that address too, but no ingress: the proxy may be outside
    alone = only(read(k8s_w0__lxc1=frames[1:3]).analysed(CLUSTER))
    assert alone.proxy is not None and alone.proxy.node is None
    assert alone.client == CLIENT and alone.client_leg is None and "known by XFF only" in alone.note


def test_an_answer_to_the_backends_own_node_ends_there_whoever_else_has_that_address():
    frames = proxied(back("10.0.2.15", "172.20.1.108"))
    answered = only(read(k8s_w1__lxc1=frames[1:3]).analysed(CLUSTER))
    assert answered.proxy is not None
    assert (answered.proxy.node, answered.proxy.source_kind, answered.confidence) == (
        "k8s-w1",
        "node",
        Confidence.LIKELY,
    )
    silent = only(read(k8s_w1__lxc1=frames[1:2]).analysed(CLUSTER))
    assert silent.proxy is not None and silent.proxy.node is None


def test_an_ingress_address_does_tell_the_node():
    alone = only(read(k8s_w0__eth1=proxied(back())[1:3]).analysed(CLUSTER))
    assert alone.proxy is not None and (alone.proxy.node, alone.proxy.source_kind) == ("k8s-w1", "ingress")
    assert alone.total_ns == 8 * MS and alone.gateway_ns is None


def test_a_request_straight_to_a_pod_has_no_proxy():
    direct = Ends("172.20.0.88", 40000, POD)
    one = only(read(k8s_w0__lxc1=[direct.ask(0, get()), direct.answer(4, reply())]).analysed(CLUSTER))
    assert one.proxy is None and one.attempts == () and one.note == "straight to the pod: no proxy between them"
    assert one.backend is not None and one.backend.pod == "default/webpod-1" and one.total_ns == 4 * MS


def test_what_envoy_answered_by_itself_is_told_apart_from_a_leg_that_was_not_captured():
    denied = [FRONT.ask(0, get()), FRONT.answer(1, reply(403, server="envoy"))]
    one = only(read(k8s_w1__eth1=denied).analysed(CLUSTER))
    assert one.status == 403 and one.answered_by == "proxy" and "bears no x-envoy-upstream-service-time" in one.note
    passed = [FRONT.ask(0, get()), FRONT.answer(1, reply(200, server="envoy", x_envoy_upstream_service_time="1"))]
    other = only(read(k8s_w1__eth1=passed).analysed(CLUSTER))
    assert other.answered_by == "unknown" and other.note.startswith("no backend leg was captured")


def test_a_retry_is_a_second_attempt_and_the_one_that_answered_is_the_backend_leg():
    first, second = back(), Ends(INGRESS, 33001, "172.20.1.108", server_mac=W1_MAC)
    body = b"hello world"
    frames = [
        FRONT.ask(0, get("/a")),
        first.ask(2, get("/a", **FORWARDED)),
        second.ask(5, get("/a", **FORWARDED)),
        second.answer(8, reply(200, body)),
        FRONT.answer(9, reply(200, body, server="envoy", x_envoy_upstream_service_time="3")),
    ]
    one = only(read(k8s_w1__eth1=frames).analysed(CLUSTER))
    assert [(each.dst, each.status) for each in one.attempts] == [(POD, None), ("172.20.1.108", 200)]
    assert one.backend_leg is not None and one.backend_leg.dst == "172.20.1.108"


def test_an_unanswered_request_has_no_status_and_no_time():
    one = only(read(k8s_w1__eth1=[FRONT.ask(0, get())]).analysed(CLUSTER))
    assert (one.status, one.total_ns, one.gateway_ns, one.backend_leg) == (None, None, None, None)


def test_each_leg_is_proven_by_frames_of_the_request_and_of_the_answer():
    one = only(read(k8s_w1__eth1=proxied(back())).analysed(CLUSTER))
    assert [(proof.shows, proof.frames) for proof in one.evidence] == [
        ("the request on the client leg", (1,)),
        ("the answer on the client leg", (4,)),
        ("the request on the backend leg", (2,)),
        ("the answer on the backend leg", (3,)),
    ]


def test_without_an_inventory_addresses_stay_and_names_are_unknown():
    one = only(read(k8s_w1__eth1=proxied(back())).analysed())
    assert one.backend is not None and (one.backend.ip, one.backend.pod, one.backend.node) == (POD, None, None)
    assert one.proxy is not None and (one.proxy.source_kind, one.proxy.node) == ("other", None)
    assert one.confidence in (Confidence.PROVEN, Confidence.LIKELY)


def test_requests_come_by_time():
    later = Ends(CLIENT, 40001, VIP, server_mac=W1_MAC)
    found = read(k8s_w1__eth1=[later.ask(50, get("/late")), FRONT.ask(0, get("/early"))]).analysed(CLUSTER)
    assert [(one.path, one.ts_ns) for one in found.requests] == [("/early", START), ("/late", START + 50 * MS)]
    assert by_time(list(reversed(found.requests))) == found.requests


def test_a_head_that_was_cut_off_is_not_called_whole():
    cut = get("/a", **FORWARDED)[:-6]
    frames = proxied(back())
    frames[1] = back().ask(2, cut)
    assert [one.whole for one in only(read(k8s_w1__eth1=frames).analysed(CLUSTER)).attempts] == [False]
    assert [one.whole for one in only(read(k8s_w1__eth1=proxied(back())).analysed(CLUSTER)).attempts] == [True]


@pytest.mark.parametrize(("word", "by_proxy"), [("x_forwarded_proto", True), ("via", True), ("accept", False)])
def test_a_client_that_writes_what_proxies_write_is_marked(word: str, by_proxy: bool):
    frames = proxied(back())
    frames[0] = FRONT.ask(0, get("/a", **{word: "http"}))
    requests = read(k8s_w1__eth1=frames).analysed(CLUSTER).requests
    (leg,) = [one.client_leg for one in requests if one.client_leg is not None]
    assert leg.by_proxy is by_proxy
