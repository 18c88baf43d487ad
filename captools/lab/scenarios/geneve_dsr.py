"""Direct server return: the node that has the service's address sends the request on in Geneve, the pod's own node answers."""

from __future__ import annotations

from dataclasses import replace

from captools.lab import inventory
from captools.lab.cluster import Lab
from captools.lab.netns import python
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import HTTP_PORT, LEADER, ROUTER, Mode, node_called, webpod_on
from captools.lab.traffic import http
from captools.lab.truth import FlowTruth, Truth
from captools.lab.waiting import wait_until
from captools.lab.ways import way, with_ways

VIP = "192.168.10.214"
POD = webpod_on("k8s-w0")
GENEVE_PORT = 6081

# The kernel must not answer for the service itself, nor remember connections of which it sees one direction only.
_ENTRY = f"""
table ip captools_dsr {{
  chain taken {{
    type filter hook prerouting priority raw;
    ip daddr {VIP} tcp dport {HTTP_PORT} drop
  }}
}}
"""
_BACKEND = f"""
table ip captools_dsr {{
  chain inwards {{
    type filter hook output priority raw;
    ip daddr {POD.ip} tcp dport {HTTP_PORT} notrack
  }}
  chain outwards {{
    type filter hook prerouting priority raw;
    ip saddr {POD.ip} tcp sport {HTTP_PORT} notrack
  }}
  chain answers {{
    type filter hook forward priority filter;
    ip saddr {POD.ip} tcp sport {HTTP_PORT} ip saddr set {VIP}
  }}
}}
"""


def prepare(lab: Lab) -> None:
    """Put the two ends of the tunnel on the leader and on the pod's node, and tell of the service."""
    entry, backend, there = lab.machine(LEADER), lab.machine(POD.node), node_called(POD.node).address
    entry.batch([f"route add local {VIP} dev lo table local"])
    entry.run(["nft", "-f", "-"], text=_ENTRY)
    backend.run(["nft", "-f", "-"], text=_BACKEND)
    log = lab.directory / "log"
    backend.daemon(python("geneve_dsr", "deliver", there), log / "geneve-deliver.log")
    entry.daemon(
        python("geneve_dsr", "enter", VIP, str(HTTP_PORT), POD.ip, str(HTTP_PORT), there, "eth1"),
        log / "geneve-enter.log",
    )
    services = [inventory.service(*one) for one in inventory.SERVICES]
    services.append(inventory.service("default", "webpod-dsr", "LoadBalancer", "10.96.52.14", VIP, app="webpod"))
    slices = [inventory.endpoint_slice(), inventory.endpoint_slice("webpod-dsr", (POD,))]
    lab.tell("services.json", inventory.listing(services))
    lab.tell("endpointslices.json", inventory.listing(slices))
    told = inventory.documents(lab.mode, endpoint_routes=False, public_keys={})["cilium-config.json"]
    assert isinstance(told, dict)
    told["data"] |= {
        "bpf-lb-mode": "dsr", "bpf-lb-dsr-dispatch": "geneve", "tunnel-protocol": "geneve",
        "tunnel-port": str(GENEVE_PORT),
    }  # fmt: skip
    lab.tell("cilium-config.json", told)
    _wait(lab)


def _wait(lab: Lab) -> None:
    """Wait until a client is answered. CaptureFailed if none is."""
    router = lab.machine(ROUTER)
    wait_until(lambda: bool(http(router, VIP, "/", timeout_s=0.5).requests), f"nobody answers for {VIP}")


def traffic(lab: Lab) -> list[Truth]:
    """Two connections from outside to the service, one of them with two requests."""
    client = lab.machine(ROUTER)
    return [http(client, VIP, "/"), http(client, VIP, "/", "/again")]


def ways(truth: Truth, mode: Mode) -> Truth:
    """There by the node that has the service's address, back without it."""
    told = replace(
        truth,
        flows=tuple(_flow(flow, mode) if flow.dst == VIP else flow for flow in truth.flows),
        requests=tuple(replace(one, translated=True) for one in truth.requests),
    )
    return with_ways(told, mode)


def _flow(flow: FlowTruth, mode: Mode) -> FlowTruth:
    entry = node_called(LEADER).address
    there = (*way(mode, flow.src, entry), *way(mode, entry, POD.ip))
    back = (*way(mode, POD.ip, node_called(LEADER).gateway)[:-1], f"{ROUTER}/eth2")
    return replace(flow, way=there, way_back=back, seen_dst=POD.ip, seen_dport=HTTP_PORT)


SCENARIO = Scenario(
    id="geneve-dsr",
    title="Direct server return in Geneve: the service's address stands in an option, the answer takes the short way",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    ways=ways,
    health_interval_s=0.5,
    expected=(Expected(rule="service-dnat", subject={"vip": VIP}),),
)
