"""A policy drop under eBPF host routing: no point lies between the node's card and the pod, so none is blamed."""

from __future__ import annotations

from captools.lab import host_routing
from captools.lab.cluster import Lab
from captools.lab.policy import probed
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, HTTP_PORT, Mode, webpod_on
from captools.lab.traffic import http
from captools.lab.truth import Truth

TARGET, ELSEWHERE = webpod_on("k8s-w0"), webpod_on("k8s-w1")
DENIED = (CURL_POD.ip, TARGET.ip)
CARD, POD = f"{TARGET.node}/eth1", f"{TARGET.node}/{TARGET.interface}"
TIMEOUT_S = 1.5


def prepare(lab: Lab) -> None:
    """The program that forwards past lxc* drops what curl-pod sends to the pod on k8s-w0."""
    host_routing.switch_on(lab, denied=DENIED)


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod calls the denied pod in vain and another one with success."""
    pod, probes = lab.machine(CURL_POD.name), list[Truth]()
    with probed(lab, [TARGET], probes):
        tested = [http(pod, TARGET.ip, "/", timeout_s=TIMEOUT_S), http(pod, ELSEWHERE.ip, "/")]
    return [*tested, *probes]


SCENARIO = Scenario(
    id="bpf-host-routing-drop",
    title="eBPF host routing and a policy that drops: last seen at the card, never answered",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    ways=lambda truth, mode: host_routing.ways(truth, mode, denied=DENIED),
    health_interval_s=0.8,
    expected=(
        Expected(
            rule="lost-between-points",
            subject={"src": CURL_POD.ip, "dst": TARGET.ip, "dport": HTTP_PORT, "node": TARGET.node},
            points=(CARD,),
            says=(CARD, POD, "Whether it reached the pod cannot be told"),
            confidence="likely",
        ),
    ),
)
