"""S16, first half: a transfer between two nodes in clear, to hold the encrypted one of s16b against."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.iperf import serve, transfer
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.traffic import ping
from captools.lab.truth import Truth

SNAPLEN = 96  # headers and the beginning of the payload at the pods; more of a WireGuard message tells nobody anything
PINGS = 10  # delays are compared by several packets: see captools.views.diff.statistics
SERVER = webpod_on("k8s-w1")


def prepare(lab: Lab) -> None:
    """Start the server before anything is captured."""
    serve(lab, SERVER)


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod pings the pod on the next node, and sends it one burst by iperf3."""
    pod = lab.machine(CURL_POD.name)
    return [
        ping(pod, SERVER.ip, identifier=1601, count=PINGS, interval_s=0.02),
        transfer(lab, CURL_POD, SERVER),
    ]


SCENARIO = Scenario(
    id="s16-without-encryption",
    title="A transfer between two nodes in clear: what encryption is held against",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    snaplen=SNAPLEN,
    health_interval_s=0.5,
    # A busy machine may acknowledge late enough for TCP to send again: the findings then say so, rightly.
    expected=(Expected(rule="retransmissions", optional=True),),
)
