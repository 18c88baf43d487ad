"""S14 with an L7 rule: Envoy on the client's node lets GET /public pass and answers all else with 403."""

from __future__ import annotations

from dataclasses import replace

from captools.lab.cluster import Lab
from captools.lab.policy import probed
from captools.lab.proxies import east_west
from captools.lab.proxies.east_west import ALLOWED_PATH, PORT
from captools.lab.scenario import Expected, Scenario
from captools.lab.services import start_envoy
from captools.lab.topology import CURL_POD, HTTP_PORT, Mode, webpod_on
from captools.lab.traffic import http
from captools.lab.truth import FlowTruth, RequestTruth, Truth
from captools.lab.waiting import wait_until
from captools.lab.ways import with_ways

TARGET, ELSEWHERE = webpod_on("k8s-w0"), webpod_on("k8s-w1")
DENIED_PATH = "/secret"
DOOR = f"{CURL_POD.node}/{CURL_POD.interface}"
_TABLE, _TO_PROXY = 2005, 0x200  # the table and the mark of Cilium's transparent proxies


def prepare(lab: Lab) -> None:
    """Start Envoy on the client's node, and hand it the client's connections to the pod that the policy selects."""
    node = lab.machine(CURL_POD.node)
    log = start_envoy(node, lab.directory, east_west.config(), "east-west")
    node.batch([f"rule add fwmark {_TO_PROXY} lookup {_TABLE} priority 10",
                f"route add local 0.0.0.0/0 dev lo table {_TABLE}"])  # fmt: skip
    node.run(["nft", "-f", "-"], text=_rules())
    wait_until(lambda: node.listens(PORT), f"no proxy on {CURL_POD.node}", words=lambda: log.read_text()[-400:])


def _rules() -> str:
    """Return the rules that take over both sides of what the proxy holds: TPROXY, as Cilium does it."""
    mark = f"meta mark set {_TO_PROXY}"
    return f"""
table ip captools_l7 {{
  chain taken {{
    type filter hook prerouting priority mangle;
    socket transparent 1 {mark} accept
    iifname "{CURL_POD.interface}" ip daddr {TARGET.ip} tcp dport {HTTP_PORT} tproxy to :{PORT} {mark} accept
  }}
}}
"""


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod asks for what is allowed and for what is not, and asks a pod that no policy selects."""
    pod, probes = lab.machine(CURL_POD.name), list[Truth]()
    with probed(lab, [TARGET], probes):
        tested = [http(pod, TARGET.ip, path) for path in (ALLOWED_PATH, DENIED_PATH)]
        tested.append(http(pod, ELSEWHERE.ip, DENIED_PATH))
    return [*tested, *probes]


def _ways(truth: Truth, mode: Mode) -> Truth:
    """The client's own connections end at Envoy, behind the pod's interface; what it denies has no backend."""
    known = with_ways(truth, mode)
    return replace(
        known,
        flows=tuple(_taken(flow) for flow in known.flows),
        requests=tuple(_denied(request) for request in known.requests),
    )


def _taken(flow: FlowTruth) -> FlowTruth:
    if (flow.src, flow.dst) != (CURL_POD.ip, TARGET.ip):
        return flow
    return replace(flow, way=(DOOR,), way_back=(DOOR,), seen_src=None, seen_sport=None)


def _denied(request: RequestTruth) -> RequestTruth:
    if request.status != 403:
        return request
    return replace(request, backend_pod="", backend_ip="", backend_node="")


SCENARIO = Scenario(
    id="s14c-l7-denied",
    title="Policy on requests: Envoy on the client's node answers 403 to what it does not let pass",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    ways=_ways,
    health_interval_s=0.8,
    expected=(
        Expected(
            rule="proxy-denied",
            subject={"src": CURL_POD.ip, "dst": TARGET.ip, "dport": HTTP_PORT, "node": CURL_POD.node},
            points=(DOOR,),
            says=(CURL_POD.node, DENIED_PATH, "403", ALLOWED_PATH),
        ),
    ),
)
