"""S6: two Services share one load-balancer address, each with a port of its own and other backends behind it."""

from __future__ import annotations

from captools.lab.balanced import balanced
from captools.lab.cluster import Lab
from captools.lab.inventory import SERVICES, endpoint_slice, listing, service
from captools.lab.load_balancer import balance, replaced_kube_proxy
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import BOOKINFO, HTTP_PORT, PODS, PRODUCTPAGE, ROUTER, WEBPODS, Mode
from captools.lab.traffic import http, total
from captools.lab.truth import Truth

VIP = "192.168.10.214"
OTHER_PORT = 8080
WEB, SHOP = "webpod-lb", "productpage-lb"
REMOTE = tuple(pod for pod in WEBPODS if pod.node != PRODUCTPAGE.node)
CALLS = 5  # of each port: too few to speak of shares


def prepare(lab: Lab) -> None:
    """Put two webpods behind port 80 of the address and the productpage behind 8080."""
    balance(lab, VIP, {HTTP_PORT: REMOTE, OTHER_PORT: (PRODUCTPAGE,)})
    shared = [
        service("default", WEB, "LoadBalancer", "10.96.88.21", VIP, app="webpod"),
        service(
            "default", SHOP, "LoadBalancer", "10.96.88.22", VIP,
            port=OTHER_PORT, target_port=PRODUCTPAGE.port, app=PRODUCTPAGE.app,
        ),
    ]  # fmt: skip
    lab.tell("services.json", listing([*(service(*one) for one in SERVICES), *shared]))
    slices = [
        endpoint_slice(),
        endpoint_slice(WEB, REMOTE),
        endpoint_slice(SHOP, (PRODUCTPAGE,), port=PRODUCTPAGE.port),
    ]
    lab.tell("endpointslices.json", listing(slices))
    lab.tell("cilium-config.json", replaced_kube_proxy(lab))


def traffic(lab: Lab) -> list[Truth]:
    """A machine outside calls both ports of the address."""
    client = lab.machine(ROUTER)
    calls = [http(client, VIP, "/", port=port) for _ in range(CALLS) for port in (HTTP_PORT, OTHER_PORT)]
    return [balanced(total(calls), lab.mode)]


SCENARIO = Scenario(
    id="s6-vip-shared-port",
    title="One address, two Services by port: who stands behind which",
    mode=Mode.NATIVE,
    traffic=traffic,
    prepare=prepare,
    pods=PODS + BOOKINFO,
    health_interval_s=0.5,
    expected=(
        Expected(
            rule="service-dnat",
            subject={"vip": VIP, "dport": HTTP_PORT, "name": f"default/{WEB}", "node": "k8s-w1"},
            points=("k8s-w1/eth1",),
            says=(f"default/{SHOP} on port {OTHER_PORT}", "The source was replaced too (SNAT)"),
            confidence="proven",
        ),
        Expected(
            rule="service-dnat",
            subject={"vip": VIP, "dport": OTHER_PORT, "name": f"default/{SHOP}", "node": "k8s-w1"},
            points=("k8s-w1/eth1", f"k8s-w1/{PRODUCTPAGE.interface}"),
            says=(f"default/{WEB} on port {HTTP_PORT}", PRODUCTPAGE.ip, "the clients' own addresses"),
            confidence="proven",
        ),
    ),
)
