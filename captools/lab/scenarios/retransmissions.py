"""A lossy link: every sixth large packet from k8s-w0 is lost inside the router, and TCP sends it again."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, ROUTER, Mode, webpod_on
from captools.lab.traffic import bulk, ping
from captools.lab.truth import Truth

EVERY = 6
SIZE = 30_000
CLIENT, SERVER = CURL_POD, webpod_on("k8s-w0")


def prepare(lab: Lab) -> None:
    """Let the router drop every sixth packet with more than 1,000 bytes from the webpod, counted, not by chance."""
    rules = f"""
table ip lossy {{
  chain forward {{
    type filter hook forward priority filter;
    ip saddr {SERVER.ip} meta length > 1000 numgen inc mod {EVERY} {EVERY // 2} counter drop
  }}
}}
"""
    lab.machine(ROUTER).run(["nft", "-f", "-"], text=rules)


def traffic(lab: Lab) -> list[Truth]:
    """A transfer over the lossy way, and the same over the way that loses nothing."""
    pod = lab.machine(CLIENT.name)
    return [
        ping(pod, SERVER.ip, identifier=1801),
        bulk(pod, SERVER.ip, SIZE),
        bulk(pod, webpod_on("k8s-w1").ip, SIZE // 6),
    ]


SCENARIO = Scenario(
    id="retransmissions",
    title="A lossy router: TCP sends again what it drops",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    offloads=False,
    snaplen=240,
    health_interval_s=0.4,
    expected=(
        Expected(
            rule="retransmissions",
            subject={"src": SERVER.ip, "dst": CLIENT.ip, "sport": 80, "proto": "tcp"},
            points=("k8s-w0/eth1",),
            says=("router/eth2", "router/eth1", SERVER.name, CLIENT.name),
            confidence="proven",
        ),
    ),
)
