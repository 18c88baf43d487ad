"""The road of one request: every point it can cross, why, and a filter that misses nothing of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from captools.collect.planning.asked import AskedRequest, Destination, destination_of
from captools.model.cluster import AddressKind, Cluster, Node
from captools.model.points import Role

ON_THE_WAY = (Role.NIC, Role.TUNNEL, Role.WIREGUARD)
# A BPF program holds 4,096 instructions, and a host costs about 12.
MAX_HOSTS = 96

# What may carry packets between nodes, whatever the addresses and ports of the underlay are: UDP (VXLAN, Geneve,
# WireGuard), IPsec, IPIP, SIT and IP6IP6, GRE.
_CARRIERS = "udp or esp or proto 4 or proto 41 or proto 47"
# What tells why a request fails: nobody answers for an address, something is too big or cannot be reached.
_SIGNS = "arp or icmp or icmp6"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One machine on the road: which interfaces of it by role, and which pods, each with the reason."""

    node: str
    roles: tuple[tuple[Role, str], ...] = ()
    pods: tuple[tuple[str, str], ...] = ()

    @property
    def why(self) -> str:
        """All its reasons in one line."""
        return "; ".join(dict.fromkeys(why for _, why in (*self.roles, *self.pods)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """All stops, the filter for interfaces that others use too ("" takes everything), and what to know about it."""

    asked: AskedRequest
    destination: Destination
    stops: tuple[Stop, ...]
    filter: str
    filter_why: str
    notes: tuple[str, ...] = ()

    def stop(self, node: str) -> Stop | None:
        """Return what is asked of one node; None where the request does not come by."""
        return next((one for one in self.stops if one.node == node), None)


def road_of(asked: AskedRequest, cluster: Cluster, machines: Mapping[str, str]) -> Road:
    """Return the road of a request; ``machines``: name -> role (node, router, client) of what can be captured on."""
    destination = destination_of(asked, cluster)
    notes = list(destination.notes)
    members = [node.name for node in cluster.nodes if node.in_cluster] or [
        name for name, role in machines.items() if role == "node"
    ]
    stops: dict[str, Stop] = {}
    for name, role in machines.items():
        if role in ("client", "router"):
            _add(stops, name, [Role.NIC], f"it is a {role}")
    notes += _entrances(cluster, destination, members, stops)
    for ip in destination.backends:
        pod, node = cluster.pod_of(ip), _home(cluster, ip)
        if not node:
            notes.append(f"the backend {ip} is on no node of the inventory")
        elif pod is not None:
            _add(stops, node, ON_THE_WAY, f"backend {pod.full_name} runs there", ((pod.full_name, f"backend {ip}"),))
        else:
            _add(stops, node, ON_THE_WAY, f"backend {ip} is in its host network")
    if destination.unknown:
        notes.append(f"{destination.unknown}: every pod of every node is captured")
        for name in members:
            _add(stops, name, (*ON_THE_WAY, Role.PODS), "the backends are not all known")
    for name in sorted(set(stops) - set(machines)):
        notes.append(f"{name} is on the road ({stops[name].why}) but cannot be captured on: no way to it is known")
    expression, why = _filter(destination)
    if expression:
        notes.append("backends are those of now: the filter does not let a pod by that comes later")
    return Road(
        asked=asked,
        destination=destination,
        stops=tuple(stops[name] for name in machines if name in stops),
        filter=expression,
        filter_why=why,
        notes=tuple(notes),
    )


def _add(
    stops: dict[str, Stop], node: str, roles: Iterable[Role], why: str, pods: tuple[tuple[str, str], ...] = ()
) -> None:
    """Add what is wanted of a machine; the first reason for a role stays."""
    old = stops.get(node, Stop(node=node))
    new = [(role, why) for role in roles if role not in {known for known, _ in old.roles}]
    stops[node] = Stop(node=node, roles=(*old.roles, *new), pods=(*old.pods, *pods))


def _entrances(cluster: Cluster, destination: Destination, members: list[str], stops: dict[str, Stop]) -> Iterable[str]:
    """Add the nodes at which the request enters the cluster; give what is to be said of it."""
    for address in destination.addresses:
        kind = cluster.kind(address)
        node = cluster.node_of_underlay(address)
        if kind is AddressKind.POD:
            continue  # straight to its pod: the backend is the entrance
        if node is not None:
            _add(stops, node.name, ON_THE_WAY, f"{address} is its own address")
        elif kind is AddressKind.SERVICE:
            for name in members:
                _add(stops, name, ON_THE_WAY, f"{address} is a ClusterIP, which the client's own node translates")
            yield f"{address} is a ClusterIP: its clients are in the cluster; add theirs with --pod NS/NAME"
        elif holders := announcers_of(cluster, destination, address):
            for name, how in holders.items():
                _add(stops, name, ON_THE_WAY, f"it announces {address} ({how})")
        else:
            for name in members:
                _add(stops, name, ON_THE_WAY, f"it may announce {address}")
            yield f"which node answers for {address} is not known: every node is taken"


def announcers_of(cluster: Cluster, destination: Destination, address: str) -> dict[str, str]:
    """Return the nodes that answer for a load balancer's address, and how that is known; none where nothing tells."""
    found: dict[str, list[str]] = {}
    for service in destination.services:
        for name in cluster.announcers(service):
            found.setdefault(name, []).append(f"it holds the lease of {service.full_name}")
    for node in cluster.nodes:
        if node.in_cluster and _has(node, address):
            found.setdefault(node.name, []).append("the address is on it")
    for node in cluster.nodes:
        for entry in node.neighbours:
            owner = cluster.node_of_mac(entry.mac) if entry.address == address and entry.mac else None
            if owner is not None and owner[0].in_cluster:
                found.setdefault(owner[0].name, []).append(f"{node.name} knows its MAC address for it")
    return {name: ", ".join(dict.fromkeys(how)) for name, how in found.items()}


def _has(node: Node, address: str) -> bool:
    # A holder that only answers ARP has a local route and no address (ip-route(8), type local).
    own = (f"{address}/32", f"{address}/128", address)
    return address in node.local_addresses() or any(
        route.kind == "local" and route.prefix in own for route in node.routes
    )


def _home(cluster: Cluster, address: str) -> str:
    """Return the node on which a backend address is."""
    pod = cluster.pod_of(address)
    node = cluster.node_of_underlay(address) or cluster.node_of_pod_address(address)
    return (pod.node if pod is not None else "") or (node.name if node is not None else "")


def _filter(destination: Destination) -> tuple[str, str]:
    """Return the filter for shared interfaces, and the sentence that explains it, or why there is none."""
    if destination.unknown:
        return "", "no filter: the backends are not all known, and whatever was left out could be the request"
    hosts = tuple(dict.fromkeys((*destination.addresses, *destination.backends)))
    if any("%" in address for address in hosts):  # fe80::1%eth0: BPF has no zones, and a zone may hold any text
        return "", "no filter: an address with a zone cannot be filtered for"
    if len(hosts) > MAX_HOSTS:
        return "", f"no filter: {len(hosts)} addresses are more than a BPF program holds"
    ports = sorted({port for one in destination.services for port, _ in one.node_ports})
    wanted = [*(f"host {address}" for address in hosts), *(f"tcp port {port}" for port in ports), _CARRIERS, _SIGNS]
    why = (
        f"everything of {', '.join(hosts[:6])}{' …' if len(hosts) > 6 else ''} (no port is asked for, so that fragments "
        "pass); all UDP, since VXLAN, Geneve and WireGuard hide what they carry and fragments of them have no port"
        f"{', node ports' if ports else ''}; IPsec, IPIP and GRE; ARP and ICMP"
    )
    return " or ".join(wanted), why
