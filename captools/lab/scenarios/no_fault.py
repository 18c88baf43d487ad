"""Native routing with nothing wrong: no finding about a fault may come of it."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Scenario
from captools.lab.topology import CURL_POD, WEBPODS, Mode
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod pings and calls all three webpods; everything is answered."""
    pod = lab.machine(CURL_POD.name)
    truth = []
    for number, webpod in enumerate(WEBPODS):
        truth += [ping(pod, webpod.ip, identifier=1501 + number), http(pod, webpod.ip, "/")]
    return truth


SCENARIO = Scenario(
    id="no-fault",
    title="Native routing, everything fine",
    mode=Mode.NATIVE,
    traffic=traffic,
    expected=(),
)
