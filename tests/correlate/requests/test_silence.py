"""Who answered, and why a leg is missing: nothing negative is said that nothing proves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Cluster, Link
from captools.model.evidence import Confidence
from captools.model.requests import Request
from tests.correlate.requests.stage import CLIENT, CLUSTER, FRONT, POD, VIP, W1_MAC, back, behind, client, exchange
from tests.correlate.talk import Ends, Frames, get, read, reply

DENIED = reply(403, b"denied", server="envoy")
PLAIN = reply(403, b"denied")


def only(frames: Frames, cluster: Cluster = CLUSTER) -> Request:
    (one,) = [each for each in read(k8s_w1__eth1=frames).analysed(cluster).requests if each.path == "/a"]
    return one


def told(answer: bytes | None, **headers: str) -> tuple[str, str]:
    one = only(exchange(FRONT, 0, None if answer is None else 10, get("/a", **headers), answer or b""))
    return one.answered_by, one.note


@pytest.mark.parametrize(
    ("status", "why"),
    [(403, "denied by policy"), (404, "no route matches"), (429, "rate limited"), (503, "no backend could be reached")],
)
def test_envoy_says_itself_that_it_asked_nobody(status: int, why: str):
    by, note = told(reply(status, server="envoy"))
    assert by == "proxy" and f"({why})" in note and "bears no x-envoy-upstream-service-time" in note


@pytest.mark.parametrize(
    ("status", "words"), [(403, b"Access denied\r\n"), (403, b"RBAC: access denied"), (429, b"local_rate_limited")]
)
def test_what_envoy_writes_itself_makes_it_sure(status: int, words: bytes):
    # The bodies as cilium/proxy and Envoy's filters write them; the same from a server that is no Envoy proves nothing.
    one = only(exchange(FRONT, 0, 10, get("/a"), reply(status, words, server="envoy")))
    assert (one.answered_by, one.confidence) == ("proxy", Confidence.PROVEN) and words.decode().strip() in one.note
    other = only(exchange(FRONT, 0, 10, get("/a"), reply(status, words, server="nginx")))
    assert other.answered_by == "unknown"


def test_an_envoy_that_never_names_its_backends_time_proves_nothing_by_leaving_it_out():
    served = reply(200, b"hello", server="envoy")
    frames = [*exchange(client(1), 0, 10, get("/a"), DENIED), *exchange(client(2), 20, 30, get("/b"), served),
              *exchange(behind(2), 21, 29, get("/b", x_forwarded_for=CLIENT), reply(200, b"hello"))]  # fmt: skip
    assert only(frames).answered_by == "unknown"
    named = reply(200, b"hello", server="envoy", x_envoy_upstream_service_time="8")
    frames[3:4] = exchange(client(2), 20, 30, get("/b"), named)[1:]
    one = only(frames)
    assert (one.answered_by, one.confidence) == ("proxy", Confidence.LIKELY)


def test_envoy_says_itself_that_a_backend_answered():
    by, note = told(reply(403, server="envoy", x_envoy_upstream_service_time="3"))
    assert by == "unknown" and note.startswith("no backend leg was captured")


def test_where_not_every_interface_of_the_proxys_node_was_captured_nothing_is_known():
    by, note = told(PLAIN)
    assert by == "unknown" and note == "no backend leg was captured: k8s-w1/eth0 was not captured"


def test_where_every_interface_was_captured_the_proxy_answered():
    here = next(node for node in CLUSTER.nodes if node.name == "k8s-w1")
    known = replace(here, links=(Link(index=3, name="eth1", mac=W1_MAC, addresses=("192.168.10.101",)),))
    legacy = {"enable-host-legacy-routing": "true", "datapath-mode": "veth", "bpf-lb-acceleration": "disabled"}
    others = tuple(node for node in CLUSTER.nodes if node.name != "k8s-w1")
    cluster = replace(CLUSTER, nodes=(known, *others), config=legacy)
    one = only(exchange(FRONT, 0, 10, get("/a"), PLAIN), cluster)
    assert one.answered_by == "proxy" and "none of the interfaces of k8s-w1, all captured" in one.note
    assert one.confidence is Confidence.LIKELY
    assert only(exchange(FRONT, 0, 10, get("/a"), DENIED), cluster).confidence is Confidence.PROVEN


def test_without_an_inventory_the_proxys_node_is_not_known():
    one = only(exchange(FRONT, 0, 10, get("/a"), PLAIN), Cluster())
    assert one.note == "no backend leg was captured: whether a proxy was asked, and where it runs, is not known"


def test_no_answer_is_no_answer():
    assert told(None) == ("unknown", "no answer and no backend leg was captured")


def test_straight_to_a_pod_there_is_no_proxy_unless_a_header_says_so():
    direct = Ends("172.20.0.88", 40000, POD)
    one = only(exchange(direct, 0, 10, get("/a")))
    assert (one.answered_by, one.note) == ("backend", "straight to the pod: no proxy between them")
    one = only(exchange(direct, 0, 10, get("/a", x_forwarded_for="10.9.9.9")))
    assert "X-Forwarded-For was written by a proxy before this leg, or by the client itself" in one.note


def test_candidates_are_named_and_so_is_that_one_may_be_missing():
    frames = [*exchange(client(1), 0, 10, get("/a")), *exchange(client(2), 0.1, 10.1, get("/a"))]
    ask = get("/a", x_forwarded_for=CLIENT)
    requests = read(k8s_w1__eth1=[*frames, *exchange(behind(3), 1, 9, ask)]).analysed(CLUSTER).requests
    assert [one.note for one in requests] == [
        f"one backend request may belong to it, or to another: 172.20.1.35:34003 to {POD}"
    ] * 2
    more = [*frames, *exchange(behind(3), 1, 9, ask), *exchange(behind(4), 1.1, 9.1, ask)]
    requests = read(k8s_w1__eth1=more).analysed(CLUSTER).requests
    assert all(one.note.startswith("2 backend requests fit, and none can be chosen: ") for one in requests)
    assert all(one.proxy and one.proxy.source_address == "172.20.1.35" and one.backend for one in requests)


def test_a_client_leg_that_is_missing_is_said_to_be():
    ask = get("/a", x_forwarded_for=CLIENT, x_forwarded_proto="https")
    assert "the client leg (TLS, by x-forwarded-proto) was not captured" in only(exchange(back(), 0, 10, ask)).note


def test_an_answer_that_no_attempt_gave_came_from_one_that_was_not_captured_or_from_the_proxy():
    tried = exchange(back(), 1, 5, get("/a", x_forwarded_for=CLIENT), reply(503))
    one = only([*exchange(FRONT, 0, 10, get("/a"), reply(200)), *tried])
    assert (one.answered_by, one.backend_leg, one.backend) == ("backend", None, None)
    assert one.note == "the attempt whose answer the client got was not captured"
    one = only([*exchange(FRONT, 0, 10, get("/a"), reply(504)), *tried])
    assert (one.answered_by, one.backend_leg) == ("proxy", None) and one.backend is not None


def test_a_client_that_forges_x_forwarded_for_stays_the_client():
    one = only(exchange(Ends(CLIENT, 1, VIP, server_mac=W1_MAC), 0, 10, get("/a", x_forwarded_for="10.9.9.9"), DENIED))
    assert (one.client, one.client_by_packets, one.client_by_xff) == (CLIENT, CLIENT, None)
    assert (one.xff_claimed, one.answered_by) == (("10.9.9.9",), "proxy")


def test_a_pod_whose_own_interface_never_saw_the_request_did_not_answer_it():
    from captools.lab.scenarios import s14c_l7_denied as lab
    from tests.correlate.material import material

    def denied(one):
        (found,) = [
            each for each in one.analysed().requests
            if each.path == lab.DENIED_PATH and each.client_leg.dst == lab.TARGET.ip
        ]  # fmt: skip
        return found

    door = f"{lab.TARGET.node}/{lab.TARGET.interface}"
    found = denied(material(lab.SCENARIO.id))
    assert (found.answered_by, found.backend, found.confidence) == ("proxy", None, Confidence.PROVEN)
    assert f"never reached {door}" in found.note and found.proxy.node == "k8s-ctr"
    # Without that interface nothing speaks against the pod.
    assert denied(material(lab.SCENARIO.id).without(door)).answered_by != "proxy"
