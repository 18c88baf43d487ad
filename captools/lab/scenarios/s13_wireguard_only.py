"""S13: WireGuard between the nodes; their wires show nothing of the pods but UDP 51871."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.traffic import bulk, http, ping
from captools.lab.truth import Truth

BULK_BYTES = 20_000  # super-frames on lxc*, fifteen datagrams on the wire


def traffic(lab: Lab) -> list[Truth]:
    """Pods of every node talk to pods of every other node, both ways, by ping and HTTP."""
    curl = lab.machine(CURL_POD.name)
    on_w1, on_w0 = webpod_on("k8s-w1"), webpod_on("k8s-w0")
    on_ctr = webpod_on("k8s-ctr")
    pairs = (
        (curl, on_w1.ip),
        (curl, on_w0.ip),
        (lab.machine(on_w1.name), on_ctr.ip),
        (lab.machine(on_w0.name), on_ctr.ip),
        (lab.machine(on_w1.name), on_w0.ip),
    )
    truth = []
    for number, (pod, address) in enumerate(pairs):
        truth += [ping(pod, address, identifier=1301 + number), http(pod, address, "/")]
    return [*truth, bulk(curl, on_w1.ip, BULK_BYTES)]


SCENARIO = Scenario(
    id="s13-wireguard-only",
    title="WireGuard between nodes: only UDP 51871 on the wire",
    mode=Mode.WIREGUARD,
    traffic=traffic,
    expected=(
        Expected(
            rule="wireguard-only", subject={"src": "k8s-ctr", "dst": "k8s-w0"}, points=("k8s-ctr/eth1", "k8s-w0/eth1")
        ),
        Expected(
            rule="wireguard-only", subject={"src": "k8s-ctr", "dst": "k8s-w1"}, points=("k8s-ctr/eth1", "k8s-w1/eth1")
        ),
        Expected(
            rule="wireguard-only", subject={"src": "k8s-w0", "dst": "k8s-w1"}, points=("k8s-w0/eth1", "k8s-w1/eth1")
        ),
    ),
)
