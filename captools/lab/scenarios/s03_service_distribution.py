"""S3: sixty connections to one service address; which backend got how many, and whether chance explains the difference."""

from __future__ import annotations

from captools.lab.balanced import balanced
from captools.lab.cluster import Lab
from captools.lab.inventory import SERVICES, endpoint_slice, listing, service
from captools.lab.load_balancer import balance, replaced_kube_proxy
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, HTTP_PORT, ROUTER, WEBPODS, Mode
from captools.lab.traffic import http, total
from captools.lab.truth import Truth

VIP = "192.168.10.213"
NAME = "webpod-lb"
FROM_OUTSIDE, FROM_POD = 45, 15
SNAPLEN = 256  # enough for all heads


def prepare(lab: Lab) -> None:
    """Let the nodes balance connections to the VIP over the three webpods, each connection by lot."""
    balance(lab, VIP, {HTTP_PORT: WEBPODS})
    known = [service(*one) for one in SERVICES]
    lab.tell(
        "services.json", listing([*known, service("default", NAME, "LoadBalancer", "10.96.88.20", VIP, app="webpod")])
    )
    lab.tell("endpointslices.json", listing([endpoint_slice(), endpoint_slice(NAME)]))
    lab.tell("cilium-config.json", replaced_kube_proxy(lab))


def traffic(lab: Lab) -> list[Truth]:
    """A machine outside and a pod each call the address over and over, every time by a connection of its own."""
    outside, pod = lab.machine(ROUTER), lab.machine(CURL_POD.name)
    calls = [http(outside, VIP, "/") for _ in range(FROM_OUTSIDE)] + [http(pod, VIP, "/") for _ in range(FROM_POD)]
    return [balanced(total(calls), lab.mode)]


SCENARIO = Scenario(
    id="s3-service-distribution",
    title="A service address on the wire: who stands behind it, and how evenly",
    mode=Mode.NATIVE,
    traffic=traffic,
    prepare=prepare,
    snaplen=SNAPLEN,
    health_interval_s=0.5,
    expected=(
        Expected(
            rule="service-dnat",
            subject={"vip": VIP, "dport": HTTP_PORT, "name": f"default/{NAME}", "proto": "tcp"},
            points=("k8s-w1/eth1", "k8s-ctr/eth1"),
            says=(f"k8s-ctr ({FROM_POD}) and k8s-w1 ({FROM_OUTSIDE})", "SNAT", *(pod.ip for pod in WEBPODS)),
            confidence="proven",
        ),
        Expected(
            rule="lb-distribution",
            subject={"vip": VIP, "dport": HTTP_PORT, "name": f"default/{NAME}"},
            says=(f"{FROM_OUTSIDE + FROM_POD} connections", "33 % each", *(pod.name for pod in WEBPODS)),
            confidence="proven",
        ),
    ),
)
