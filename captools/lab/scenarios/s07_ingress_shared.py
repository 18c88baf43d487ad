"""S7: the shared Ingress before bookinfo; productpage, on Envoy's own node, sees that node's first address."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.inventory import SERVICES, endpoint_slice, listing, service
from captools.lab.proxies.ingress_shared import config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import BOOKINFO, DETAILS, PODS, PRODUCTPAGE, ROUTER, VIP_SHARED, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth

CLUSTER_IPS = {PRODUCTPAGE.app: "10.96.55.102", DETAILS.app: "10.96.161.9"}


def prepare(lab: Lab) -> None:
    """Tell of the Services of bookinfo."""
    services = [service(*one) for one in SERVICES]
    slices = [endpoint_slice()]
    for pod in BOOKINFO:
        address = CLUSTER_IPS[pod.app]
        services.append(
            service("default", pod.app, "ClusterIP", address, "", port=pod.port, target_port=pod.port, app=pod.app)
        )
        slices.append(endpoint_slice(pod.app, (pod,), port=pod.port))
    lab.tell("services.json", listing(services))
    lab.tell("endpointslices.json", listing(slices))


def traffic(lab: Lab) -> list[Truth]:
    """A client on the router asks for the front page, a detail, and a page that productpage does not have."""
    client = lab.machine(ROUTER)
    return [http(client, VIP_SHARED, path) for path in ("/", "/details/1", "/ratings")]


SCENARIO = Scenario(
    id="s7-ingress-shared",
    title="Shared Ingress: who really asked, which backend answered, and why it saw its node's address",
    mode=Mode.NATIVE,
    traffic=traffic,
    prepare=prepare,
    pods=PODS + BOOKINFO,
    proxy=config,
    endpoint_routes=True,
    health_interval_s=0.5,
    expected=(
        Expected(
            rule="snat-node-ip",
            subject={"src": "10.0.2.15", "dst": "172.20.1.102", "dport": 9080, "node": "k8s-w1"},
            points=(f"k8s-w1/{PRODUCTPAGE.interface}",),
            says=("productpage", "192.168.10.200", "first address", "eth0", "2 requests"),
            confidence="proven",
        ),
        Expected(
            rule="snat-ingress-ip",
            subject={"src": "172.20.1.35", "dst": "172.20.2.176", "dport": 9080, "node": "k8s-w1"},
            points=("k8s-w1/eth1", f"k8s-w0/{DETAILS.interface}"),
            says=("details", "192.168.10.200", "k8s-w0"),
            confidence="proven",
        ),
    ),
)
