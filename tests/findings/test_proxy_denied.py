"""proxy-denied: 403 by the proxy itself, told from a backend's 403 and from what was not captured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Pod, Service
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captools.model.hubble import HubbleEnd, HubbleFlow
from tests.correlate.material import FINE, S8, material
from tests.correlate.requests.stage import CLIENT, CLUSTER, FRONT, VIP, back, client, exchange, proxied
from tests.correlate.talk import get, read, reply

RULE = "proxy-denied"
S9 = "s9-ingress-denied"
RBAC = reply(403, b"RBAC: access denied", server="envoy")


def test_it_says_who_was_denied_by_whom_and_who_passed(fired):
    (one,) = fired(RULE, S9)
    assert (one.severity, one.confidence) == (Severity.WARNING, Confidence.PROVEN)
    assert one.subject == {
        "src": "192.168.10.200", "dst": "192.168.10.211", "dport": 80, "proto": "tcp", "node": "k8s-w1",
        "vip": "192.168.10.211", "name": "kube-system/cilium-ingress",
    }  # fmt: skip
    for word in ("2 requests", "GET 192.168.10.211/details/1", "no backend was asked", "k8s-ctr (192.168.10.100)"):
        assert word in one.statement, word
    assert {proof.point for proof in one.evidence} == {"router/eth1", "k8s-w1/eth1"}
    assert "192.168.10.200" in one.remedy and "reserved:ingress" in one.remedy


def test_what_the_same_client_may_ask_tells_that_the_policy_looks_at_more_than_addresses(fired):
    (one,) = fired(RULE, "proxy-requests")
    assert "Other requests of the same client passed" in one.statement and "guarded.lab.test/denied" in one.statement


@pytest.mark.parametrize("name", [S8, FINE, "proxy-tls"])
def test_it_is_silent_where_nothing_was_denied(fired, name):
    assert fired(RULE, name) == []


def test_a_403_of_the_backend_is_the_backends_own(fired):
    assert fired(RULE, read(k8s_w1__eth1=proxied(back(), status=403)).analysed(CLUSTER)) == []


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (RBAC, 1),
        (reply(403, b"denied", server="envoy"), 1),
        (reply(403, b"denied"), 0),
        (reply(404, server="envoy"), 0),
    ],
)
def test_only_the_proxys_own_403_counts(fired, answer, times):
    found = fired(RULE, read(k8s_w1__eth1=exchange(FRONT, 0, 1, get("/a"), answer)).analysed(CLUSTER))
    assert len(found) == times


def test_a_proxys_own_words_make_it_sure(fired):
    (plain,) = fired(RULE, _denied(reply(403, b"denied", server="envoy")))
    (own,) = fired(RULE, _denied(RBAC))
    assert (plain.confidence, own.confidence) == (Confidence.LIKELY, Confidence.PROVEN)


def test_one_policy_is_one_finding_however_many_clients_it_denies(fired):
    frames = [*exchange(FRONT, 0, 1, get("/a"), RBAC), *exchange(client(1), 2, 3, get("/b"), RBAC),
              *exchange(replace(client(2), src="192.168.10.100"), 4, 5, get("/c"), RBAC)]  # fmt: skip
    (one,) = fired(RULE, read(k8s_w1__eth1=frames).analysed(CLUSTER))
    assert "3 requests" in one.statement and one.subject["src"] is None
    assert CLIENT in one.statement and "192.168.10.100" in one.statement


def test_the_listener_is_named_by_its_service(fired):
    service = Service(namespace="kube-system", name="cilium-ingress", vips=(VIP,), ports=((80, 80),))
    (one,) = fired(RULE, _denied(RBAC, replace(CLUSTER, services=(service,))))
    assert (one.subject["vip"], one.subject["name"]) == (VIP, "kube-system/cilium-ingress")
    (other,) = fired(RULE, _denied(RBAC))
    assert (other.subject["vip"], other.subject["name"]) == (None, None)


@pytest.mark.parametrize("kept", ["router/eth1", "k8s-w1/eth1"])
def test_at_one_of_the_clients_points_it_is_still_known(fired, kept):
    points = [source.point for source in material(S9).sources if source.point != kept]
    less = material(S9)
    for point in points:
        less = less.without(point)
    (one,) = fired(RULE, less.analysed())
    assert one.subject["src"] == "192.168.10.200" and "passed" not in one.statement.partition("Requests of")[0]


def test_where_nobody_saw_the_client_nothing_is_said(fired):
    less = material(S9).without("router/eth1").without("k8s-w1/eth1")
    assert fired(RULE, less.analysed()) == []


def _denied(answer: bytes, cluster=CLUSTER):
    return read(k8s_w1__eth1=exchange(FRONT, 0, 1, get("/a"), answer)).analysed(cluster)


def hubble(port: int, client: str = CLIENT, kind: str = "http-request", verdict: str = "DROPPED") -> HubbleFlow:
    return HubbleFlow(
        time="Aug 16 14:03:35.580", src=HubbleEnd(ip=client, port=port, reserved="ingress"),
        dst=HubbleEnd(pod="kube-system/cilium-ingress", port=80), kind=kind, verdict=verdict, method="GET",
        url="http://192.168.10.211/", file="inventory/hubble.txt", line=6,
    )  # fmt: skip


def test_hubble_says_the_same_of_the_same_connection(fired):
    known = replace(CLUSTER, hubble=(hubble(FRONT.sport),))
    (one,) = fired(RULE, _denied(RBAC, known))
    assert one.statement.endswith("Hubble says so too: http-request DROPPED.")


def test_a_client_that_hubble_calls_by_its_pod_is_not_told_twice(fired):
    pod = Pod(namespace="default", name="curl-pod", ip=CLIENT, node="k8s-ctr")
    event = hubble(FRONT.sport)
    event = replace(event, src=replace(event.src, ip="", pod="default/curl-pod", reserved=""))
    (one,) = fired(RULE, _denied(RBAC, replace(CLUSTER, pods=(*CLUSTER.pods, pod), hubble=(event,))))
    assert one.statement.endswith("Hubble says so too: http-request DROPPED.")


@pytest.mark.parametrize(
    ("event", "times"),
    [
        (hubble(56904), 2),
        (hubble(56904, verdict="FORWARDED"), 1),
        (hubble(56904, kind="policy-verdict:none INGRESS"), 1),
    ],
)
def test_what_hubble_alone_tells_is_likely_and_names_its_line(fired, event, times):
    found = fired(RULE, _denied(RBAC, replace(CLUSTER, hubble=(event,))))
    assert len(found) == times and "Hubble" not in found[0].statement
    if times == 2:
        assert found[1].confidence is Confidence.LIKELY and found[1].evidence == ()
        assert found[1].coverage.reason == "http-request DROPPED: hubble.txt, line 6"
        assert "no packet here shows" in found[1].statement and "http://192.168.10.211/" in found[1].statement
