"""S7 without endpoint routes: productpage, on Envoy's own node, sees the address of cilium_host."""

from __future__ import annotations

from captools.lab.proxies.ingress_shared import config
from captools.lab.scenario import Expected, Scenario
from captools.lab.scenarios.s07_ingress_shared import prepare, traffic
from captools.lab.topology import BOOKINFO, DETAILS, PODS, PRODUCTPAGE, Mode

SCENARIO = Scenario(
    id="s7b-ingress-shared-cilium-host",
    title="Shared Ingress without endpoint routes: the local backend sees cilium_host",
    mode=Mode.NATIVE,
    traffic=traffic,
    prepare=prepare,
    pods=PODS + BOOKINFO,
    proxy=config,
    health_interval_s=0.5,
    expected=(
        Expected(
            rule="snat-node-ip",
            subject={"src": "172.20.1.12", "dst": "172.20.1.102", "dport": 9080, "node": "k8s-w1"},
            points=(f"k8s-w1/{PRODUCTPAGE.interface}",),
            says=("productpage", "192.168.10.200", "cilium_host", "names that source"),
            confidence="proven",
        ),
        Expected(
            rule="snat-ingress-ip",
            subject={"src": "172.20.1.35", "dst": "172.20.2.176", "dport": 9080, "node": "k8s-w1"},
            points=("k8s-w1/eth1", f"k8s-w0/{DETAILS.interface}"),
            says=("details", "192.168.10.200"),
            confidence="proven",
        ),
    ),
)
