"""The demo: in tunnel mode, a client outside calls the Ingress, and pods talk to each other through VXLAN."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, ROUTER, VIP_DEDICATED, WEBPODS, Mode
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """Three requests from the router through Envoy, one to each webpod; then curl-pod pings and calls all three."""
    client, pod = lab.machine(ROUTER), lab.machine(CURL_POD.name)
    truth = [http(client, VIP_DEDICATED, "/") for _ in range(len(WEBPODS))]
    for number, webpod in enumerate(WEBPODS):
        truth.append(ping(pod, webpod.ip, identifier=600 + number))
        truth.append(http(pod, webpod.ip, "/"))
    return truth


SCENARIO = Scenario(
    id="demo",
    title="The main job: an ingress request and pod traffic through VXLAN",
    mode=Mode.VXLAN,
    traffic=traffic,
    expected=(
        Expected(
            rule="vxlan-encapsulated", subject={"src": "172.20.0.88", "dst": "172.20.1.108"}, says=("45966", "62886")
        ),
        Expected(
            rule="vxlan-encapsulated", subject={"src": "172.20.0.88", "dst": "172.20.2.33"}, says=("45966", "62886")
        ),
        Expected(rule="vxlan-encapsulated", subject={"src": "172.20.1.35", "dst": "172.20.0.121"}),
        Expected(rule="vxlan-encapsulated", subject={"src": "172.20.1.35", "dst": "172.20.2.33"}),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.0.121", "node": "k8s-w1"}),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.2.33", "node": "k8s-w1"}),
        Expected(rule="snat-node-ip", subject={"src": "172.20.1.12", "dst": "172.20.1.108", "node": "k8s-w1"}),
    ),
)
