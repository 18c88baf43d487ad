"""S1: native routing, and the router has no route for the pods of k8s-w0: they vanish through its uplink."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod pings and calls the webpod on the other subnet in vain, and the one on its own with success."""
    pod = lab.machine(CURL_POD.name)
    truth = []
    for number, node in enumerate(("k8s-w0", "k8s-w1")):
        address = webpod_on(node).ip
        truth += [ping(pod, address, identifier=101 + number), http(pod, address, "/")]
    return truth


SCENARIO = Scenario(
    id="s1-native-route-black-hole",
    title="Native routing: the router has no route for the pods of k8s-w0",
    mode=Mode.NATIVE_BROKEN,
    traffic=traffic,
    expected=(
        Expected(
            rule="routing-black-hole",
            subject={"src": "172.20.0.88", "dst": "172.20.2.33", "node": "router"},
            points=("router/eth1", "router/eth0"),
            says=("172.20.2.0/24", "10.0.2.2", "k8s-w0", "172.20.1.108"),
            confidence="proven",
        ),
    ),
)
