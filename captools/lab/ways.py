"""The way of every flow through the lab's cluster: the interfaces it must cross, in order. Pure.

It follows from what captools.lab.network builds (addresses, routes, tunnels), never from a capture. Only interfaces that
a recording listens to are told: cilium_host and a machine's own loopback are none of them.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from captools.lab.topology import (
    EVERY_POD,
    LEADER,
    NATIVE_ROUTING_CIDR,
    NODES,
    ROUTER,
    ROUTER_ADDRESSES,
    VIP_DEDICATED,
    VIP_SHARED,
    Mode,
    node_called,
)
from captools.lab.truth import FlowTruth, RequestTruth, Truth

Way = tuple[str, ...]
_LEAK = ("k8s-ctr", "k8s-w1")  # see network.wireguard


def with_ways(truth: Truth, mode: Mode) -> Truth:
    """Return ``truth`` with the way of every flow, and of every request behind the proxy.

    A way that the scenario knows already stays: it may differ from what the cluster was built for.
    """
    return replace(
        truth,
        flows=tuple(_flow(one, mode) for one in truth.flows),
        requests=tuple(_request(one, mode) for one in truth.requests),
    )


def _flow(flow: FlowTruth, mode: Mode) -> FlowTruth:
    if flow.way is not None or not (machine_of(flow.src) and machine_of(flow.dst)):
        return flow
    back = way(mode, flow.dst, flow.src) if flow.answered else None
    seen = flow.seen_src or masqueraded(flow.src, flow.dst)
    return replace(flow, way=way(mode, flow.src, flow.dst), way_back=back, seen_src=seen)


def _request(request: RequestTruth, mode: Mode) -> RequestTruth:
    """Add the way of the proxy's own connection, where the proxy opened one that the backend told of."""
    if request.backend_way is not None or not request.remote_addr or not request.proxied:
        return request
    there = way(mode, request.remote_addr, request.backend_ip, sender=LEADER)
    back = way(mode, request.backend_ip, request.remote_addr, receiver=LEADER)
    return replace(request, backend_way=there, backend_way_back=back)


def until_sealed(flow: FlowTruth, node: str) -> FlowTruth:
    """Return a flow that has no WireGuard session to travel in, if ``node`` is at one of its ends.

    Its packets come as far as the sender's device, where they wait for a handshake.
    """
    machines = {point.partition("/")[0] for point in flow.way or ()}
    devices = [at for at, point in enumerate(flow.way or ()) if point.endswith("/cilium_wg0")]
    if flow.way is None or node not in machines or not devices:
        return flow
    return replace(flow, way=flow.way[: devices[0] + 1], way_back=None)


def way(mode: Mode, src: str, dst: str, *, sender: str = "", receiver: str = "") -> Way:
    """Return the points that a packet from ``src`` to ``dst`` crosses, ``machine/interface`` each.

    ``sender`` and ``receiver`` name the machine of an address that every node has.
    """
    here, there = sender or machine_of(src), receiver or machine_of(dst)
    pods = {pod.ip: f"{pod.node}/{pod.interface}" for pod in EVERY_POD}
    begin = (pods[src],) if src in pods else ()
    end = (pods[dst],) if dst in pods else ()
    if here == there:
        return begin + end
    if mode is Mode.NATIVE_BROKEN and _through_router(here, there) and _in_pods_of(there, dst) and there == "k8s-w0":
        return (*begin, *_leaves(here), f"{ROUTER}/eth1", f"{ROUTER}/eth0")
    devices = _devices(mode, here, there, src, dst)
    wrapped, opened = ([f"{name}/{device}" for device in devices] for name in (here, there))
    return (*begin, *wrapped, *_crossing(here, there), *reversed(opened), *end)


def masqueraded(src: str, dst: str) -> str | None:
    """Return the address that a pod's packet leaves the cluster with, as captools.lab.firewall says; None: its own."""
    inside = ip_address(dst) in ip_network(NATIVE_ROUTING_CIDR) or any(dst == node.address for node in NODES)
    sender = next((node for node in NODES if _in_pods_of(node.name, src)), None)
    return None if inside or sender is None else sender.address


def machine_of(address: str) -> str:
    """Return the machine of an address: the node of a pod, the leader of a service; empty where it is nobody's alone."""
    if address in ROUTER_ADDRESSES.values():
        return ROUTER
    if address in (VIP_SHARED, VIP_DEDICATED):
        return LEADER
    for node in NODES:
        if address == node.address or _in_pods_of(node.name, address):
            return node.name
    return ""


def _devices(mode: Mode, here: str, there: str, src: str, dst: str) -> Way:
    """Return what wraps the packet on the nodes at both ends, in the order of the sender."""
    if ROUTER in (here, there) or not _in_pods_of(there, dst):
        return ()
    if mode is Mode.DUAL:
        return ("cilium_vxlan", "cilium_wg0")
    if mode is Mode.VXLAN:
        return ("cilium_vxlan",)
    steered = mode.encrypted and _in_pods_of(here, src)
    return ("cilium_wg0",) if steered and not (mode is Mode.WIREGUARD_LEAK and (here, there) == _LEAK) else ()


def _crossing(here: str, there: str) -> Way:
    if here == ROUTER:
        return (f"{ROUTER}/{_router_port(there)}", f"{there}/eth1")
    if there == ROUTER:
        return (f"{here}/eth1", f"{ROUTER}/{_router_port(here)}")
    between = (
        (f"{ROUTER}/{_router_port(here)}", f"{ROUTER}/{_router_port(there)}") if _through_router(here, there) else ()
    )
    return (*_leaves(here), *between, f"{there}/eth1")


def _leaves(here: str) -> Way:
    return () if here == ROUTER else (f"{here}/eth1",)


def _through_router(here: str, there: str) -> bool:
    return ROUTER in (here, there) or node_called(here).subnet != node_called(there).subnet


def _router_port(node: str) -> str:
    """Return the router's interface on a node's subnet."""
    return next(name for name, address in ROUTER_ADDRESSES.items() if address == node_called(node).gateway)


def _in_pods_of(machine: str, address: str) -> bool:
    return any(node.name == machine and ip_address(address) in ip_network(node.pod_cidr) for node in NODES)
