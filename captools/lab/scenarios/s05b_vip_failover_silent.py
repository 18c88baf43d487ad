"""S5 without gratuitous ARP: clients go on sending to the old leader until they ask again by themselves."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from captools.lab.announce import CALLING, CARD, OPEN, hold, quieten, second_proxy, served, tell, vanish, wait_for
from captools.lab.cluster import Lab
from captools.lab.proxies.ingress_far import BACKEND, config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import LEADER, ROUTER, ROUTER_ADDRESSES, VIP_SHARED, Mode, mac_of, node_called
from captools.lab.traffic import http
from captools.lab.truth import Truth

HEIR = "k8s-ctr"
SERVED_S = 0.6  # from the first connection's opening to the end of the leader
PAUSE_S = 1.4  # so that the second request of a connection comes after it
WAIT_S = 8.0
# The router doubts its neighbours after a second and gives them up after three questions, sooner than by default.
HASTE = ("base_reachable_time_ms=1000", "delay_first_probe_time=1", "retrans_time_ms=300")


def prepare(lab: Lab) -> None:
    """Start the heir's proxy, and let the router forget neighbours in seconds instead of a minute."""
    second_proxy(lab, HEIR)
    tell(lab)
    quieten(lab)
    settings = [f"net.ipv4.neigh.{CARD}.{setting}" for setting in HASTE]
    lab.machine(ROUTER).run(["sysctl", "-q", "-w", *settings])


def traffic(lab: Lab) -> list[Truth]:
    """A connection from before the failover, and one opened after it while the router still knows the old leader."""
    router = lab.machine(ROUTER)
    with ThreadPoolExecutor(max_workers=2) as pool:
        before = pool.submit(http, router, VIP_SHARED, "/before", "/before/2", pause_s=PAUSE_S, timeout_s=WAIT_S)
        wait_for(router, VIP_SHARED, OPEN)
        time.sleep(SERVED_S)
        vanish(lab.machine(LEADER), VIP_SHARED)
        during = pool.submit(http, router, VIP_SHARED, "/during", timeout_s=WAIT_S)
        wait_for(router, VIP_SHARED, CALLING)
        hold(lab.machine(HEIR), VIP_SHARED)
    return [before.result(), during.result()]


SCENARIO = Scenario(
    id="s5b-vip-failover-silent",
    title="The leader of a VIP goes away; another node answers for it, but announces nothing",
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
                f"{LEADER} ({mac_of(LEADER, 'eth1')})",
                f"{HEIR} ({mac_of(HEIR, 'eth1')})",
                "without gratuitous ARP",
            ),
            confidence="proven",
        ),
        # Where only the old leader is looked at, it is all that is left of the story.
        Expected(rule="retransmissions", subject={"src": ROUTER_ADDRESSES["eth1"], "dst": VIP_SHARED}, optional=True),
        *(
            Expected(
                rule="snat-ingress-ip", subject={"src": node_called(node).ingress, "dst": BACKEND.ip, "node": node}
            )
            for node in (LEADER, HEIR)
        ),
    ),
)
