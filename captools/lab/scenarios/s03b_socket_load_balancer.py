"""S3b: a pod's sockets choose the backend when they connect: no service address is ever on the wire."""

from __future__ import annotations

import json

from captools.lab.balanced import balanced
from captools.lab.cluster import Lab
from captools.lab.load_balancer import replaced_kube_proxy
from captools.lab.netns import python
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, HTTP_PORT, WEBPODS, Mode
from captools.lab.traffic import HTTP_TIMEOUT_S, total
from captools.lab.truth import Truth, of_http

SERVICE, NAME = "10.96.73.11", "default/webpod"
CALLS = 48
SNAPLEN = 256


def prepare(lab: Lab) -> None:
    """Tell that the nodes' sockets balance; what does it is a real program at connect()."""
    document = replaced_kube_proxy(lab)
    document["data"] |= {"bpf-lb-sock": "true", "bpf-lb-sock-hostns-only": "false"}
    lab.tell("cilium-config.json", document)


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod calls the Service's address over and over, every time by a connection of its own."""
    client = python("http_client", SERVICE, str(HTTP_PORT), str(HTTP_TIMEOUT_S), "/")
    backends = ",".join(pod.ip for pod in WEBPODS)
    argv = python("socket_lb", f"{SERVICE}:{HTTP_PORT}", backends, str(CALLS), *client)
    answers = lab.machine(CURL_POD.name).run(argv).splitlines()
    calls = total([of_http(json.loads(line), 1) for line in answers])
    return [balanced(calls, lab.mode, service=(SERVICE, HTTP_PORT))]


SCENARIO = Scenario(
    id="s3b-socket-load-balancer",
    title="Backends chosen in the pod's sockets: no service address on the wire",
    mode=Mode.NATIVE,
    traffic=traffic,
    prepare=prepare,
    snaplen=SNAPLEN,
    health_interval_s=0.5,
    expected=(
        Expected(
            rule="lb-distribution",
            subject={"name": NAME, "dport": HTTP_PORT},
            points=(f"{CURL_POD.node}/{CURL_POD.interface}",),
            says=(f"{CALLS} connections", "without a service address on the wire", *(pod.name for pod in WEBPODS)),
            confidence="likely",
        ),
    ),
)
