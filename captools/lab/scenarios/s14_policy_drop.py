"""S14: the pods of k8s-w0 deny everybody but one: SYNs come to the node and never to the pod."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.policy import cut, enforce, probed
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, HTTP_PORT, Mode, webpod_on
from captools.lab.traffic import http
from captools.lab.truth import FlowTruth, Truth

TARGET, ALLOWED, ELSEWHERE = webpod_on("k8s-w0"), webpod_on("k8s-ctr"), webpod_on("k8s-w1")
LAST, NEVER = f"{TARGET.node}/cilium_vxlan", f"{TARGET.node}/{TARGET.interface}"
TIMEOUT_S = 1.5  # the second SYN leaves after one second


def prepare(lab: Lab) -> None:
    """Default deny for the pod, and an allow rule for one other pod: in forward, between the tunnel and lxc*."""
    to_pod = f'oifname "{TARGET.interface}"'
    enforce(lab.machine(TARGET.node), f"{to_pod} ip saddr {ALLOWED.ip} accept", f"{to_pod} drop")


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod calls the denied pod twice in vain, and another one with success; the allowed pod calls the denied one."""
    pod, truth = lab.machine(CURL_POD.name), list[Truth]()
    with probed(lab, [TARGET], truth):
        tested = [http(pod, TARGET.ip, "/", timeout_s=TIMEOUT_S) for _ in range(2)]
        tested += [http(lab.machine(ALLOWED.name), TARGET.ip, "/"), http(pod, ELSEWHERE.ip, "/")]
    return [*tested, *truth]


def _last(flow: FlowTruth) -> str:
    return LAST if (flow.src, flow.dst) == (CURL_POD.ip, TARGET.ip) else ""


SCENARIO = Scenario(
    id="s14-policy-drop",
    title="Policy: a pod that denies everybody but one drops SYNs in silence",
    mode=Mode.VXLAN,
    prepare=prepare,
    traffic=traffic,
    ways=lambda truth, mode: cut(truth, mode, _last),
    health_interval_s=0.8,
    expected=(
        Expected(
            rule="lost-between-points",
            subject={"src": CURL_POD.ip, "dst": TARGET.ip, "dport": HTTP_PORT, "proto": "tcp", "node": TARGET.node,
                     "pod": f"default/{TARGET.name}"},
            points=(LAST, NEVER),
            says=(LAST, NEVER, "SYN", CURL_POD.name, TARGET.name, ALLOWED.name),
            confidence="proven",
        ),
        Expected(rule="vxlan-encapsulated", subject={"src": CURL_POD.ip, "dst": TARGET.ip}),
        Expected(rule="vxlan-encapsulated", subject={"src": ALLOWED.ip, "dst": TARGET.ip}),
        Expected(rule="vxlan-encapsulated", subject={"src": CURL_POD.ip, "dst": ELSEWHERE.ip}),
    ),
)  # fmt: skip
