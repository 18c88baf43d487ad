"""S5: the leader of a VIP goes away, and two seconds later another node announces the address as its own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from captools.lab.announce import (
    CALLING,
    OPEN,
    announce,
    arping,
    hold,
    quieten,
    second_proxy,
    served,
    tell,
    vanish,
    wait_for,
)
from captools.lab.cluster import Lab
from captools.lab.proxies.ingress_far import BACKEND, config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import LEADER, ROUTER, ROUTER_ADDRESSES, VIP_SHARED, Mode, mac_of, node_called
from captools.lab.traffic import http
from captools.lab.truth import Truth

HEIR = "k8s-ctr"
SERVED_S = 0.6  # from the first connection's opening to the end of the leader
GAP_S = 2.0
PAUSE_S = 1.6  # so that the second request of a connection falls into the gap


def prepare(lab: Lab) -> None:
    """Start the heir's proxy: Cilium runs one on every node."""
    second_proxy(lab, HEIR)
    tell(lab)
    quieten(lab)


def traffic(lab: Lab) -> list[Truth]:
    """A connection from before the failover, one opened in the gap and one after it, with arping all the while."""
    router = lab.machine(ROUTER)
    with ThreadPoolExecutor(max_workers=3) as pool:
        printed = pool.submit(arping, router, "-W", "0.5", "-c", "9", VIP_SHARED)
        before = pool.submit(http, router, VIP_SHARED, "/before", "/before/2", pause_s=PAUSE_S, timeout_s=8.0)
        wait_for(router, VIP_SHARED, OPEN)
        time.sleep(SERVED_S)
        vanish(lab.machine(LEADER), VIP_SHARED)
        gone = time.monotonic()
        during = pool.submit(http, router, VIP_SHARED, "/during", timeout_s=8.0)
        wait_for(router, VIP_SHARED, CALLING)
        time.sleep(max(0.0, gone + GAP_S - time.monotonic()))
        hold(lab.machine(HEIR), VIP_SHARED)
        announce(lab.machine(HEIR), VIP_SHARED)
        after = http(router, VIP_SHARED, "/after")
    lab.tell(f"{ROUTER}__arping.txt", printed.result())
    return [before.result(), during.result(), after]


SCENARIO = Scenario(
    id="s5-vip-failover",
    title="The leader of a VIP goes away; another node takes the address over with gratuitous ARP",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    ways=served,
    pods=(BACKEND,),
    proxy=config,
    health_interval_s=0.9,
    expected=(
        Expected(
            rule="vip-moved",
            subject={"vip": VIP_SHARED, "name": "kube-system/cilium-ingress", "node": HEIR},
            points=(f"{ROUTER}/eth1", f"{LEADER}/eth1", f"{HEIR}/eth1"),
            says=(
                f"{LEADER} ({mac_of(LEADER, 'eth1')})", f"{HEIR} ({mac_of(HEIR, 'eth1')})", "gratuitous", "reset", "late",
            ),
            confidence="proven",
        ),
        # Where only the old leader is looked at, it is all that is left of the story.
        Expected(
            rule="retransmissions", subject={"src": ROUTER_ADDRESSES["eth1"], "dst": VIP_SHARED}, optional=True
        ),
        *(
            Expected(
                rule="snat-ingress-ip",
                subject={"src": node_called(node).ingress, "dst": BACKEND.ip, "node": node},
            )
            for node in (LEADER, HEIR)
        ),
    ),
)  # fmt: skip
