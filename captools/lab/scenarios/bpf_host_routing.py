"""eBPF host routing: what comes to a pod passes its lxc* by, and nothing of it is lost."""

from __future__ import annotations

from captools.lab import host_routing
from captools.lab.cluster import Lab
from captools.lab.policy import probed
from captools.lab.scenario import Scenario
from captools.lab.topology import CURL_POD, WEBPODS, Mode
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod pings and calls all three webpods, its own node's too; everything is answered."""
    pod, probes, tested = lab.machine(CURL_POD.name), list[Truth](), list[Truth]()
    with probed(lab, WEBPODS, probes):
        for number, webpod in enumerate(WEBPODS):
            tested += [ping(pod, webpod.ip, identifier=1601 + number), http(pod, webpod.ip, "/")]
    return [*tested, *probes]


SCENARIO = Scenario(
    id="bpf-host-routing",
    title="eBPF host routing: pods get their packets past lxc*, and all is well",
    mode=Mode.NATIVE,
    prepare=host_routing.switch_on,
    traffic=traffic,
    ways=host_routing.ways,
    health_interval_s=0.8,
    expected=(),
)
