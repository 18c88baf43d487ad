"""S4: a load-balancer address that no node announces: ARP for it is asked and never answered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from captools.lab.announce import arping, quieten, tell, withdraw
from captools.lab.cluster import Lab
from captools.lab.proxies.ingress_far import BACKEND, config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import HTTP_PORT, LEADER, ROUTER, ROUTER_ADDRESSES, VIP_SHARED, Mode, node_called
from captools.lab.traffic import http
from captools.lab.truth import Truth

OUTSIDE = "k8s-w0"  # on the other subnet: what it sends to the VIP comes as far as the router
WAIT_S = 0.9  # no SYN is sent again; the router gives the address up after three questions, a second apart


def prepare(lab: Lab) -> None:
    """Take the VIP from its leader: no L2 announcement policy selects the service."""
    withdraw(lab.machine(LEADER), VIP_SHARED)
    tell(lab)
    quieten(lab)


def traffic(lab: Lab) -> list[Truth]:
    """The router calls the VIP and runs arping for it; a node of the other subnet calls it through the router."""
    router = lab.machine(ROUTER)
    with ThreadPoolExecutor(max_workers=3) as pool:
        printed = pool.submit(arping, router, "-c", "4", VIP_SHARED)
        pool.submit(http, router, VIP_SHARED, "/", timeout_s=WAIT_S)  # it sends no packet, and leaves no truth
        called = pool.submit(http, lab.machine(OUTSIDE), VIP_SHARED, "/", timeout_s=WAIT_S)
    lab.tell(f"{ROUTER}__arping.txt", printed.result())
    tried = called.result()
    return [Truth(flows=tuple(replace(flow, way=(f"{OUTSIDE}/eth1", f"{ROUTER}/eth2")) for flow in tried.flows))]


SCENARIO = Scenario(
    id="s4-vip-unanswered",
    title="A load-balancer address that nobody announces",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    pods=(BACKEND,),
    proxy=config,
    health_interval_s=0.9,
    expected=(
        Expected(
            rule="vip-unanswered",
            subject={
                "vip": VIP_SHARED,
                "name": "kube-system/cilium-ingress",
                "src": ROUTER_ADDRESSES["eth1"],
                "node": ROUTER,
            },
            points=(f"{ROUTER}/eth1", f"{LEADER}/eth1", "k8s-ctr/eth1"),
            says=(VIP_SHARED, ROUTER, "nobody", LEADER, "k8s-ctr"),
            confidence="proven",
        ),
        Expected(
            rule="refused",
            subject={"src": node_called(OUTSIDE).address, "dst": VIP_SHARED, "dport": HTTP_PORT, "node": ROUTER},
            points=(f"{ROUTER}/eth2",),
            says=("ICMP", "host unreachable"),
            confidence="proven",
        ),
    ),
)
