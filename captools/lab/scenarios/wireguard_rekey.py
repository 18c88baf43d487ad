"""Three minutes of WireGuard: sessions are renewed after 120 s; one cannot be, and is over after 180 s.

The timers are WireGuard's own (whitepaper, section 6.1), so that this case takes as long as they do.
"""

from __future__ import annotations

import time

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, ROUTER, WIREGUARD_PORT, Mode, node_called, webpod_on
from captools.lab.traffic import pings
from captools.lab.truth import Truth

NEAR, FAR = "k8s-w1", "k8s-w0"
INTERVAL_S = 14  # pings at 126 s (renews the session) and at 182 s (finds it over)
COUNT = 15
SNAPLEN = 110  # sealed bytes tell nothing, and do not compress
_SETTLED_S = 5.0

_ENDS = f"{{ {node_called(CURL_POD.node).address}, {node_called(FAR).address} }}"
BLOCK = f"""
table ip captools_blocked {{
  chain forward {{
    type filter hook forward priority filter;
    ip saddr {_ENDS} ip daddr {_ENDS} udp dport {WIREGUARD_PORT} meta length {{ {20 + 8 + 148}, {20 + 8 + 92} }} drop
  }}
}}
"""


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod pings a pod on both other nodes; soon after the router lets no handshake by between k8s-ctr and k8s-w0."""
    pod = lab.machine(CURL_POD.name)

    def block() -> None:
        time.sleep(_SETTLED_S)
        lab.machine(ROUTER).run(["nft", "-f", "-"], text=BLOCK)

    runs = [(pod, webpod_on(node).ip, 1551 + number) for number, node in enumerate((NEAR, FAR))]
    return pings(runs, count=COUNT, interval_s=INTERVAL_S, meanwhile=block)


SCENARIO = Scenario(
    id="wireguard-rekey",
    title="WireGuard over three minutes: sessions are renewed, and one that cannot be is over after 180 s",
    mode=Mode.WIREGUARD,
    traffic=traffic,
    health_interval_s=55.0,
    snaplen=SNAPLEN,
    long=True,
    expected=(
        Expected(
            rule="wireguard-handshake-failing",
            subject={"src": "k8s-ctr", "dst": FAR},
            points=("k8s-ctr/eth1", "router/eth1", "k8s-w0/eth1"),
            says=("between k8s-ctr and k8s-w0", "up to router/eth1 and never to k8s-w0/eth1", "drops handshakes only"),
        ),
        *(
            Expected(rule="wireguard-only", subject={"src": a, "dst": b})
            for a, b in (("k8s-ctr", "k8s-w1"), ("k8s-ctr", "k8s-w0"), ("k8s-w0", "k8s-w1"))
        ),
    ),
)
