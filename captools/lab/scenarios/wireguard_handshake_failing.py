"""A wrong WireGuard key: k8s-w1 got a new one, and its peers still expect the old; its pods reach no other node."""

from __future__ import annotations

from dataclasses import replace

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth
from captools.lab.ways import until_sealed, with_ways
from captools.lab.wireguard import INTERFACE, new_key

WRONG = "k8s-w1"
_RETRY_S = 1.5  # times four: WireGuard tries again after five seconds, and a retry is what shows that nobody answered


def prepare(lab: Lab) -> None:
    """Give k8s-w1 another private key. Its annotation and its peers keep the old public one."""
    lab.machine(WRONG).run(["wg", "set", INTERFACE, "private-key", "/dev/stdin"], text=new_key()[0] + "\n")


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod calls the webpod on k8s-w1 in vain and the one on k8s-w0 with success; k8s-w1 calls k8s-ctr in vain."""
    curl, pod = lab.machine(CURL_POD.name), lab.machine(webpod_on(WRONG).name)
    return [
        ping(curl, webpod_on("k8s-w0").ip, identifier=1503),
        http(curl, webpod_on("k8s-w0").ip, "/"),
        ping(pod, webpod_on("k8s-ctr").ip, identifier=1502, count=1),
        ping(curl, webpod_on(WRONG).ip, identifier=1501, count=4, interval_s=_RETRY_S),
        http(curl, webpod_on(WRONG).ip, "/", timeout_s=2.0),
    ]


def ways(truth: Truth, mode: Mode) -> Truth:
    """What goes to or from k8s-w1 waits in cilium_wg0 for a handshake that never comes."""
    known = with_ways(truth, mode)
    return replace(known, flows=tuple(until_sealed(flow, WRONG) for flow in known.flows))


SCENARIO = Scenario(
    id="wireguard-handshake-failing",
    title="WireGuard: the key of k8s-w1 is not the one that its peers expect",
    mode=Mode.WIREGUARD,
    prepare=prepare,
    traffic=traffic,
    ways=ways,
    health_interval_s=0.9,
    expected=(
        Expected(
            rule="wireguard-handshake-failing",
            subject={"node": WRONG},
            points=("k8s-w1/eth1", "k8s-ctr/eth1", "k8s-w0/eth1"),
            says=("of k8s-w1 with k8s-ctr and k8s-w0", "the public key of k8s-w1", "were never answered"),
            confidence="proven",
        ),
    ),
)
