"""S2: the same pods over VXLAN: everything arrives, and the VNI tells the sender's identity in each direction."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, WEBPODS, Mode, webpod_on
from captools.lab.traffic import bulk, http, ping
from captools.lab.truth import Truth

BULK_BYTES = 40_000  # super-frames on lxc*, thirty segments on the wire


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod pings and calls all three webpods, then fetches a larger answer from k8s-w0."""
    pod = lab.machine(CURL_POD.name)
    truth = []
    for number, webpod in enumerate(WEBPODS):
        truth += [ping(pod, webpod.ip, identifier=201 + number), http(pod, webpod.ip, "/")]
    return [*truth, bulk(pod, webpod_on("k8s-w0").ip, BULK_BYTES)]


SCENARIO = Scenario(
    id="s2-vxlan-overlay",
    title="Tunnel mode: pod packets in VXLAN, the VNI is the sender's identity",
    mode=Mode.VXLAN,
    traffic=traffic,
    expected=(
        Expected(
            rule="vxlan-encapsulated", subject={"src": "172.20.0.88", "dst": "172.20.1.108"}, says=("45966", "62886")
        ),
        Expected(
            rule="vxlan-encapsulated", subject={"src": "172.20.0.88", "dst": "172.20.2.33"}, says=("45966", "62886")
        ),
    ),
)
