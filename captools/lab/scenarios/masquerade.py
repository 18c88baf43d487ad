"""Masquerade: pods call a server outside the cluster, which sees their nodes' addresses and ports of their choice."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.netns import python
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, HTTP_PORT, ROUTER, ROUTER_ADDRESSES, Mode, node_called, webpod_on
from captools.lab.traffic import http, ping, together
from captools.lab.truth import Truth
from captools.lab.waiting import wait_until

OUTSIDE = ROUTER_ADDRESSES["loop1"]  # no node and no pod: what a packet from a pod to it must be masqueraded for


def traffic(lab: Lab) -> list[Truth]:
    """Pods of two nodes ping and call a server outside; two connections at once; and a pod, which stays untranslated."""
    _serve_outside(lab)
    pods = [lab.machine(CURL_POD.name), lab.machine(webpod_on("k8s-w0").name)]
    truth = []
    for number, pod in enumerate(pods):
        truth += [ping(pod, OUTSIDE, identifier=701 + number), http(pod, OUTSIDE, "/", f"/again/{number}")]
    return [
        *truth,
        together([pods[0], pods[0], pods[1]], OUTSIDE, "/?ms=30"),
        http(pods[0], webpod_on("k8s-w0").ip, "/"),
    ]


def _serve_outside(lab: Lab) -> None:
    """Start a server on the router. CaptureFailed where it does not come up."""
    router = lab.machine(ROUTER)
    router.daemon(python("whoami", OUTSIDE, str(HTTP_PORT)), lab.directory / "log" / "outside.log")
    wait_until(lambda: router.listens(HTTP_PORT), f"no server on {OUTSIDE}")


SCENARIO = Scenario(
    id="masquerade",
    title="Pods outside the cluster: their node's address, and ports chosen at random",
    mode=Mode.NATIVE,
    traffic=traffic,
    expected=tuple(
        Expected(
            rule="snat-masquerade",
            subject={"src": pod.ip, "dst": OUTSIDE, "node": pod.node, "pod": f"{pod.namespace}/{pod.name}"},
            points=(f"{pod.node}/{pod.interface}", f"{pod.node}/eth1"),
            says=(
                f"its own address {node_called(pod.node).address}",
                f"{connections} connections and 1 ping",
                "source port",
            ),
            confidence="proven",
        )
        for pod, connections in ((CURL_POD, 3), (webpod_on("k8s-w0"), 2))
    ),
)
