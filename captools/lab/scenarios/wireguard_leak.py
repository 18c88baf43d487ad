"""WireGuard with a hole: k8s-ctr does not steer what goes to the pods of k8s-w1, which crosses eth1 in the clear."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod talks to the webpod on k8s-w1 (leaks on the way there) and on k8s-w0 (encrypted)."""
    pod = lab.machine(CURL_POD.name)
    truth = []
    for number, node in enumerate(("k8s-w1", "k8s-w0")):
        address = webpod_on(node).ip
        truth += [ping(pod, address, identifier=1401 + number), http(pod, address, "/")]
    return truth


SCENARIO = Scenario(
    id="wireguard-leak",
    title="WireGuard between nodes, but pods of k8s-ctr reach k8s-w1 in the clear",
    mode=Mode.WIREGUARD_LEAK,
    traffic=traffic,
    expected=(
        Expected(
            rule="cleartext-between-nodes",
            subject={"src": "172.20.0.88", "dst": "172.20.1.108", "node": "k8s-ctr"},
            points=("k8s-ctr/eth1", "k8s-w1/eth1"),
        ),
    ),
)
