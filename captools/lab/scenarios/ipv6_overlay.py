"""IPv6 pods over VXLAN: the inner packets are IPv6, the nodes talk IPv4, and each packet gets 50 bytes more."""

from __future__ import annotations

from dataclasses import replace

from captools.lab import six
from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, PODS, LabPod, Mode, webpod_on
from captools.lab.traffic import bulk, http, ping
from captools.lab.truth import FlowTruth, RequestTruth, Truth
from captools.lab.ways import way, with_ways

BULK_BYTES = 3_000  # three segments on the wire
NEAR, FAR = webpod_on("k8s-w1"), webpod_on("k8s-w0")
POD_OF = {six.address(pod.ip): pod for pod in PODS}


def prepare(lab: Lab) -> None:
    """Switch IPv6 on for the pods; the underlay stays IPv4."""
    six.switch_on(lab, underlay=False)


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod pings and calls webpods on both other nodes by their IPv6 addresses."""
    pod = lab.machine(CURL_POD.name)
    return [
        ping(pod, six.address(FAR.ip), identifier=1541, count=2),
        http(pod, six.address(NEAR.ip), "/"),
        bulk(pod, six.address(FAR.ip), BULK_BYTES),
    ]


def ways(truth: Truth, mode: Mode) -> Truth:
    """The ways are those of the same pods' IPv4 packets."""
    told = replace(
        truth,
        flows=tuple(_flow(flow, mode) if flow.dst in POD_OF else flow for flow in truth.flows),
        requests=tuple(_request(one) for one in truth.requests),
    )
    return with_ways(told, mode)


def _flow(flow: FlowTruth, mode: Mode) -> FlowTruth:
    here, there = POD_OF[flow.src], POD_OF[flow.dst]
    return replace(
        flow,
        src_name=_name(here),
        dst_name=_name(there),
        way=way(mode, here.ip, there.ip),
        way_back=way(mode, there.ip, here.ip) if flow.answered else None,
    )


def _request(request: RequestTruth) -> RequestTruth:
    pod = POD_OF[request.address]
    return replace(request, backend_pod=pod.name, backend_ip=request.address, backend_node=pod.node, source_kind="pod")


def _name(pod: LabPod) -> str:
    return f"{pod.namespace}/{pod.name}"


def expected(overhead: int) -> tuple[Expected, ...]:
    """What both cases must give; ``overhead`` is what the tunnel adds to a packet."""
    return tuple(
        Expected(
            rule="vxlan-encapsulated",
            subject={"src": six.address(CURL_POD.ip), "dst": six.address(pod.ip)},
            says=(f"{overhead} bytes", f"{1500 - overhead} bytes", "VNI 45966", "VNI 62886", "default/curl-pod"),
        )
        for pod in (NEAR, FAR)
    )


SCENARIO = Scenario(
    id="ipv6-overlay",
    title="Tunnel mode: IPv6 pods over VXLAN between IPv4 nodes",
    mode=Mode.VXLAN,
    prepare=prepare,
    traffic=traffic,
    ways=ways,
    health_interval_s=1.0,
    expected=expected(six.OVERHEAD_4),
)
