"""Two nodes answer ARP for one VIP at once: clients reach the one whose answer came last."""

from __future__ import annotations

from captools.lab.announce import arping, hold, quieten, second_proxy, served, tell
from captools.lab.cluster import Lab
from captools.lab.proxies.ingress_far import BACKEND, config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import LEADER, ROUTER, VIP_SHARED, Mode, mac_of, node_called
from captools.lab.traffic import http
from captools.lab.truth import Truth

RIVAL = "k8s-ctr"


def prepare(lab: Lab) -> None:
    """Let a second node hold the VIP, with a proxy of its own."""
    second_proxy(lab, RIVAL)
    hold(lab.machine(RIVAL), VIP_SHARED)
    tell(lab)
    quieten(lab)


def traffic(lab: Lab) -> list[Truth]:
    """Calls before and after arping, whose answers may change the router's mind about who has the VIP."""
    router = lab.machine(ROUTER)
    before = http(router, VIP_SHARED, "/before")
    lab.tell(f"{ROUTER}__arping.txt", arping(router, "-c", "3", VIP_SHARED))
    return [before, http(router, VIP_SHARED, "/after")]


SCENARIO = Scenario(
    id="vip-conflict",
    title="Two nodes answer ARP for one load-balancer address",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    ways=served,
    pods=(BACKEND,),
    proxy=config,
    health_interval_s=0.9,
    expected=(
        Expected(
            rule="vip-conflict",
            subject={"vip": VIP_SHARED, "name": "kube-system/cilium-ingress"},
            points=(f"{ROUTER}/eth1", f"{LEADER}/eth1", f"{RIVAL}/eth1"),
            says=(f"{LEADER} ({mac_of(LEADER, 'eth1')})", f"{RIVAL} ({mac_of(RIVAL, 'eth1')})"),
            confidence="proven",
        ),
        # Chance decides whose answer the router keeps.
        *(
            Expected(
                rule="snat-ingress-ip",
                subject={"src": node_called(node).ingress, "dst": BACKEND.ip, "node": node},
                optional=True,
            )
            for node in (LEADER, RIVAL)
        ),
    ),
)
