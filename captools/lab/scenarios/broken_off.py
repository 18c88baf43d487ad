"""A connection that breaks off: from some moment on the router drops what one side sends, whatever its size, in silence."""

from __future__ import annotations

import threading
import time

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, ROUTER, Mode, webpod_on
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth

CUT_S = (
    1.2  # after the client was started, which a busy machine may take long for; the second request is worked on then
)
WORK_MS = 2400
WAIT_S = 4.4  # the answer is sent at 2.4 s, then after 0.2, 0.4 and 0.8 s more: four times
CLIENT, SERVER = CURL_POD, webpod_on("k8s-w0")
_RULES = f"""
table ip cut {{
  chain forward {{
    type filter hook forward priority filter;
    ip saddr {SERVER.ip} tcp sport 80 counter drop
  }}
}}
"""


def traffic(lab: Lab) -> list[Truth]:
    """Two requests over one connection: the first is answered; then the router begins to drop what the webpod sends."""
    pod = lab.machine(CLIENT.name)
    first = ping(pod, SERVER.ip, identifier=2001)
    cut = threading.Timer(CUT_S, lambda: lab.machine(ROUTER).run(["nft", "-f", "-"], text=_RULES))
    cut.start()
    broken = http(pod, SERVER.ip, "/", f"/?ms={WORK_MS}", timeout_s=WAIT_S)
    cut.join()
    time.sleep(0.1)
    return [first, broken, ping(pod, SERVER.ip, identifier=2002), http(pod, webpod_on("k8s-w1").ip, "/")]


SCENARIO = Scenario(
    id="broken-off",
    title="A connection breaks off: the router suddenly drops one side of it",
    mode=Mode.NATIVE,
    traffic=traffic,
    snaplen=384,
    health_interval_s=0.6,
    expected=(
        Expected(
            rule="lost-between-points",
            subject={
                "src": SERVER.ip, "dst": CLIENT.ip, "sport": 80, "proto": "tcp", "node": ROUTER,
                "pod": f"default/{SERVER.name}",
            },
            points=("router/eth2",),
            says=("router/eth2", "router/eth1", SERVER.name, CLIENT.name, "router dropped"),
            confidence="proven",
        ),
    ),
)  # fmt: skip
