"""Tunnel mode and WireGuard together: VXLAN first, then WireGuard around it; the wires show UDP 51871 only."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, Mode, node_called, webpod_on
from captools.lab.traffic import bulk, http, ping
from captools.lab.truth import Truth

BULK_BYTES = 3_000  # three segments on the wire, where one frame of lxc* holds them all
SNAPLEN = 384  # all headers and the heads of requests and answers


def traffic(lab: Lab) -> list[Truth]:
    """Pods of every pair of nodes talk."""
    curl, on_w1 = lab.machine(CURL_POD.name), lab.machine(webpod_on("k8s-w1").name)
    return [
        ping(curl, webpod_on("k8s-w1").ip, identifier=1531, count=1),
        http(curl, webpod_on("k8s-w0").ip, "/"),
        ping(on_w1, webpod_on("k8s-w0").ip, identifier=1532, count=1),
        bulk(curl, webpod_on("k8s-w1").ip, BULK_BYTES),
    ]


def _tunnelled(src: str, dst: str) -> Expected:
    return Expected(
        rule="vxlan-encapsulated",
        subject={"src": src, "dst": dst},
        says=("50 bytes", "1370 bytes", "MTU of 1420", "cilium_wg0", "WireGuard goes around that"),
    )


_NODES = (("k8s-ctr", "k8s-w1"), ("k8s-ctr", "k8s-w0"), ("k8s-w1", "k8s-w0"))
_PODS = ((CURL_POD.ip, "k8s-w1"), (CURL_POD.ip, "k8s-w0"), (webpod_on("k8s-w1").ip, "k8s-w0"))

SCENARIO = Scenario(
    id="dual",
    title="VXLAN inside WireGuard: nothing but UDP 51871 on the wire, and the VNI readable in cilium_wg0",
    mode=Mode.DUAL,
    traffic=traffic,
    health_interval_s=5.0,
    snaplen=SNAPLEN,
    expected=(
        *(_tunnelled(src, webpod_on(node).ip) for src, node in _PODS),
        *(_tunnelled(node_called(a).cilium_host, node_called(b).cilium_host) for a, b in _NODES),
        *(
            Expected(rule="wireguard-only", subject=dict(zip(("src", "dst"), sorted(pair), strict=True)))
            for pair in _NODES
        ),
    ),
)
