"""A transfer large enough for offloads: super-frames at the pods and in cilium_vxlan, segments on the wire."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.traffic import bulk, ping
from captools.lab.truth import Truth

BULK_BYTES = 100_000
SNAPLEN = 384  # all headers and the heads of requests and answers; what the rest is, its sequence numbers tell


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod fetches from the webpod behind the router, and from the one on its own node."""
    pod, far, near = lab.machine(CURL_POD.name), webpod_on("k8s-w0").ip, webpod_on("k8s-ctr").ip
    return [ping(pod, far, identifier=801), bulk(pod, far, BULK_BYTES), bulk(pod, near, BULK_BYTES)]


SCENARIO = Scenario(
    id="bulk-vxlan",
    title="Offloads: one super-frame at the pod is many segments in the tunnel",
    mode=Mode.VXLAN,
    traffic=traffic,
    snaplen=SNAPLEN,
    expected=(
        Expected(
            rule="vxlan-encapsulated", subject={"src": "172.20.0.88", "dst": "172.20.2.33"}, says=("45966", "62886")
        ),
    ),
)
