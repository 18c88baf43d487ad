"""MTU black hole: a switch takes shorter frames than the machines on it believe, and drops the longer ones in silence."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth

SWITCH_MTU = 1400
PORT = "router-2"  # of the switch between k8s-w0 and the router
LARGE = 4000  # bytes of an answer: three segments, the last one short enough to pass
WAIT_S = 1.6  # between two repetitions: those come 0.2, 0.6 and 1.4 s after the first copy, the next one after 3 s
CLIENT, SERVER = CURL_POD, webpod_on("k8s-w0")


def prepare(lab: Lab) -> None:
    """Lower the MTU of the switch's port towards the router. A bridge drops what is longer and tells nobody."""
    lab.machine("switch").run(["ip", "link", "set", PORT, "mtu", str(SWITCH_MTU)])


def traffic(lab: Lab) -> list[Truth]:
    """Pings and a small answer pass, before and after a large one that does not; the same large one from k8s-w1 does."""
    pod, far = lab.machine(CLIENT.name), SERVER.ip
    return [
        ping(pod, far, identifier=1601),
        http(pod, far, "/"),
        http(pod, far, f"/data?size={LARGE}", timeout_s=WAIT_S),
        http(pod, far, "/again"),
        http(pod, webpod_on("k8s-w1").ip, f"/data?size={LARGE}"),
    ]


SCENARIO = Scenario(
    id="mtu-black-hole",
    title="Large packets vanish between k8s-w0 and the router, small ones pass, and nobody says why",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    snaplen=240,
    health_interval_s=0.4,
    expected=(
        Expected(
            rule="mtu-black-hole",
            subject={"src": SERVER.ip, "dst": CLIENT.ip, "sport": 80, "proto": "tcp", "pod": f"default/{SERVER.name}"},
            points=("k8s-w0/eth1",),
            says=("k8s-w0/eth1", "router/eth2", "1,500", SERVER.name, CLIENT.name),
            confidence="proven",
        ),
    ),
)
