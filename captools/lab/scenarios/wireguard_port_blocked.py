"""WireGuard's UDP port is blocked on the router: nodes of one subnet have a session, over the router none comes about."""

from __future__ import annotations

from dataclasses import replace

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, ROUTER, WIREGUARD_PORT, Mode, node_called, webpod_on
from captools.lab.traffic import background, http, ping
from captools.lab.truth import Truth
from captools.lab.ways import until_sealed, with_ways

FAR = "k8s-w0"  # the only node behind the router
_INTERVAL_S = 0.8  # all takes longer than five seconds: then WireGuard tries again, which shows that nobody answered
BLOCK = f"""
table ip captools_blocked {{
  chain forward {{
    type filter hook forward priority filter;
    udp dport {WIREGUARD_PORT} drop
  }}
}}
"""


def prepare(lab: Lab) -> None:
    """Let the router forward everything but WireGuard."""
    lab.machine(ROUTER).run(["nft", "-f", "-"], text=BLOCK)


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod reaches the pod of its own subnet only; the nodes themselves reach each other, in clear by design."""
    curl, far = lab.machine(CURL_POD.name), lab.machine(webpod_on(FAR).name)
    truth: list[Truth] = []
    with background([(far, webpod_on("k8s-w1").ip, 1515, "")], truth, _INTERVAL_S):
        truth += [
            ping(curl, webpod_on("k8s-w1").ip, identifier=1513),
            http(curl, webpod_on("k8s-w1").ip, "/"),
            ping(lab.machine("k8s-ctr"), node_called(FAR).address, identifier=1511),
            ping(lab.machine("k8s-w1"), node_called(FAR).address, identifier=1512),
            ping(curl, webpod_on(FAR).ip, identifier=1514, count=4, interval_s=_INTERVAL_S),
            http(curl, webpod_on(FAR).ip, "/", timeout_s=2.0),
        ]
    return truth


def ways(truth: Truth, mode: Mode) -> Truth:
    """What is for pods behind the router waits in cilium_wg0 for a handshake that never comes."""
    known = with_ways(truth, mode)
    return replace(known, flows=tuple(until_sealed(flow, FAR) for flow in known.flows))


SCENARIO = Scenario(
    id="wireguard-port-blocked",
    title="WireGuard: the router drops UDP 51871, so that no session with k8s-w0 comes about",
    mode=Mode.WIREGUARD,
    prepare=prepare,
    traffic=traffic,
    ways=ways,
    health_interval_s=0.9,
    expected=(
        Expected(
            rule="wireguard-handshake-failing",
            subject={"node": FAR},
            points=("k8s-ctr/eth1", "router/eth1", "k8s-w1/eth1", "k8s-w0/eth1"),
            says=(
                "of k8s-w0 with k8s-ctr and k8s-w1",
                "up to router/eth1 and never to k8s-w0/eth1",
                "UDP 51871 is blocked",
            ),
            confidence="likely",
        ),
    ),
)
