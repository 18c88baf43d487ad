"""A link with a smaller MTU behind a router that says so by ICMP, as it should: the sender obeys, nothing is wrong."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, ROUTER, ROUTER_ADDRESSES, Mode, webpod_on
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth

LINK_MTU = 1400
CLIENT, SERVER = CURL_POD, webpod_on("k8s-w0")
LONG_PATH = f"/data?size=20&pad={'x' * 1500}"  # a request of two segments, the first one full


def prepare(lab: Lab) -> None:
    """Lower the MTU at both ends of the link between the router and k8s-w0."""
    lab.machine(ROUTER).run(["ip", "link", "set", "eth2", "mtu", str(LINK_MTU)])
    lab.machine("k8s-w0").run(["ip", "link", "set", "eth1", "mtu", str(LINK_MTU)])


def traffic(lab: Lab) -> list[Truth]:
    """A ping passes; a long request draws the ICMP error, is sent again in smaller pieces, and is answered; so is a short one."""
    pod, far = lab.machine(CLIENT.name), SERVER.ip
    return [ping(pod, far, identifier=1701), http(pod, far, LONG_PATH), http(pod, far, "/")]


SCENARIO = Scenario(
    id="mtu-icmp",
    title="A smaller MTU on the way, told by ICMP and obeyed",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    health_interval_s=0.4,
    offloads=False,  # so that each interface shows the segments as they are
    expected=(
        Expected(
            rule="path-mtu",
            subject={"src": CLIENT.ip, "dst": SERVER.ip, "node": ROUTER},
            points=("router/eth1",),
            says=(str(f"{LINK_MTU:,}"), ROUTER_ADDRESSES["eth1"], CLIENT.name, SERVER.name),
            confidence="proven",
        ),
    ),
)
