"""S14 by name: DNS answers two names, and policy lets the pod go to one of them only."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.names import ask, serve
from captools.lab.netns import python
from captools.lab.policy import cut, enforce, probed
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import COREDNS, CURL_POD, HTTP_PORT, PODS, ROUTER, ROUTER_ADDRESSES, Mode, node_called
from captools.lab.traffic import http
from captools.lab.truth import FlowTruth, Truth
from captools.lab.waiting import wait_until

ALLOWED, DENIED = "api.allowed.test", "api.denied.test"
ADDRESS = {ALLOWED: ROUTER_ADDRESSES["loop2"], DENIED: ROUTER_ADDRESSES["loop1"]}
LAST, NEVER = f"{CURL_POD.node}/{CURL_POD.interface}", f"{CURL_POD.node}/eth1"
TIMEOUT_S = 1.5


def prepare(lab: Lab) -> None:
    """Serve both names, and the allowed address; what leaves the pod for the world is dropped but for that one."""
    serve(lab, ADDRESS)
    router = lab.machine(ROUTER)
    router.daemon(python("whoami", ADDRESS[ALLOWED], str(HTTP_PORT)), lab.directory / "log" / "allowed.log")
    wait_until(lambda: router.listens(HTTP_PORT), f"no server on {ADDRESS[ALLOWED]}")
    from_pod = f'iifname "{CURL_POD.interface}"'
    enforce(
        lab.machine(CURL_POD.node),
        f"{from_pod} ip daddr {{ 172.20.0.0/16, {ADDRESS[ALLOWED]} }} accept",
        f"{from_pod} drop",
    )


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod asks for each name and calls the address that it is told."""
    pod, probes = lab.machine(CURL_POD.name), list[Truth]()
    with probed(lab, [CURL_POD, COREDNS], probes):
        tested = []
        for number, name in enumerate((ALLOWED, DENIED)):
            tested.append(ask(pod, name, number=0x1440 + number))
            tested.append(http(pod, ADDRESS[name], "/", timeout_s=TIMEOUT_S, headers={"Host": name}))
    return [*tested, *probes]


def _last(flow: FlowTruth) -> str:
    return LAST if (flow.dst, flow.dport) == (ADDRESS[DENIED], HTTP_PORT) else ""


SCENARIO = Scenario(
    id="s14d-fqdn",
    title="Policy by name: DNS answers, and the connection to what it answered is dropped",
    mode=Mode.NATIVE,
    pods=(*PODS, COREDNS),
    prepare=prepare,
    traffic=traffic,
    ways=lambda truth, mode: cut(truth, mode, _last),
    health_interval_s=0.8,
    expected=(
        Expected(
            rule="lost-between-points",
            subject={"src": CURL_POD.ip, "dst": ADDRESS[DENIED], "dport": HTTP_PORT, "node": CURL_POD.node},
            points=(LAST, NEVER),
            says=(LAST, NEVER, "SYN", f"{DENIED} is {ADDRESS[DENIED]}", COREDNS.name),
            confidence="proven",
        ),
        Expected(
            rule="snat-masquerade",
            subject={"src": CURL_POD.ip, "dst": ADDRESS[ALLOWED]},
            says=(node_called(CURL_POD.node).address,),
        ),
    ),
)
