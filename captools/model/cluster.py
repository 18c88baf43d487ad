"""Cluster facts at capture time: nodes, pods, identities, links, routes, WireGuard peers.

Addresses resolve as (node, address): 10.0.2.15 exists on every node of the SCENARIOS cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address

from captools.model.addresses import contains, network
from captools.model.arp import Arping
from captools.model.datapath import Datapath, datapath_of_config
from captools.model.hubble import HubbleFlow
from captools.model.identities import RESERVED_IDENTITIES
from captools.model.routes import Gateway, ProxyRoute
from captools.model.workloads import Pod as Pod
from captools.model.workloads import Service as Service

# Labels that Cilium and Kubernetes add to every identity; a person reads the workload's own ones.
_NOISE = ("io.cilium.", "io.kubernetes.")


class AddressKind(StrEnum):
    """What an address is to the cluster."""

    POD = "pod"
    NODE = "node"
    CILIUM_HOST = "cilium-host"
    INGRESS = "ingress"
    SERVICE = "service"  # ClusterIP
    VIP = "vip"  # LoadBalancer address
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One interface of a node (``ip -d -j link``)."""

    index: int
    name: str
    mac: str = ""
    mtu: int = 0
    kind: str = ""
    state: str = ""
    addresses: tuple[str, ...] = ()  # without prefix length, in kernel order


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route of a node (``ip -j route show table all``)."""

    prefix: str  # "default" is written 0.0.0.0/0 or ::/0
    via: str = ""
    dev: str = ""
    src: str = ""
    table: str = "main"
    metric: int = 0
    kind: str = "unicast"
    encap_id: int | None = None  # lwtunnel: the VNI
    encap_dst: str = ""
    dead: bool = False  # its next hop's link is down: the kernel passes it over


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One policy-routing rule (``ip -j rule``); the empty string for a selector the rule does not have."""

    priority: int
    table: str
    source: str = "all"
    destination: str = "all"
    inverted: bool = False  # ``not``: the rule holds for what its selectors do not match
    fwmark: str = ""
    iif: str = ""
    oif: str = ""
    other: str = ""  # further selectors (ports, protocol, TOS), as printed
    action: str = ""  # blackhole, unreachable, prohibit; "" looks into the table
    suppress_prefixlen: int | None = None  # routes this short or shorter do not count

    def applies(self, address: str, source: str) -> bool:
        """Tell whether the rule holds for an unmarked packet this node sends from ``source`` ("" unbound)."""
        sender = source or ("::" if ":" in address else "0.0.0.0")
        matches = (
            not self.fwmark
            and not self.oif
            and not self.other
            and self.iif in ("", "lo")
            and (self.source in ("all", "") or contains(self.source, sender))
            and (self.destination in ("all", "") or contains(self.destination, address))
        )
        return matches != self.inverted


# What the kernel starts with; also what a plain ``ip route`` (table main alone) answers to.
_RULES_WITHOUT_POLICY = tuple(
    Rule(priority=priority, table=table) for priority, table in ((0, "local"), (32766, "main"), (32767, "default"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """One neighbour entry (``ip -j neigh``)."""

    address: str
    mac: str
    dev: str
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireGuardPeer:
    """One peer of a node's WireGuard interface (``wg show``; never a private key)."""

    public_key: str
    endpoint: str = ""
    allowed_ips: tuple[str, ...] = ()
    latest_handshake: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireGuard:
    """A node's WireGuard interface."""

    interface: str
    public_key: str = ""
    listen_port: int | None = None
    peers: tuple[WireGuardPeer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One machine: a cluster node, or a router or client outside the cluster."""

    name: str
    internal_ip: str = ""
    pod_cidrs: tuple[str, ...] = ()
    cilium_host: str = ""
    ingress: str = ""
    in_cluster: bool = False
    links: tuple[Link, ...] = ()
    routes: tuple[Route, ...] = ()
    rules: tuple[Rule, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    wireguard: WireGuard | None = None
    datapath: Datapath | None = None  # what its own agent says of it
    # Where the end of the capture tells other tables than its start; None where it does not.
    routes_at_end: tuple[Route, ...] | None = None
    rules_at_end: tuple[Rule, ...] | None = None

    def link(self, name: str) -> Link | None:
        """Return the link called ``name``."""
        return next((link for link in self.links if link.name == name), None)

    def link_index(self, index: int) -> Link | None:
        """Return the link with this interface index."""
        return next((link for link in self.links if link.index == index), None)

    def local_addresses(self) -> frozenset[str]:
        """Return every address that is known to be configured on this node.

        Where no list of its links was given its routes tell some: the kernel takes only own addresses as their source.
        """
        by_routes = (route.src for route in self.routes if route.src)
        return frozenset((*(address for link in self.links for address in link.addresses), *by_routes))

    def route_to(self, address: str, *, source: str = "") -> Route | None:
        """Return the route this node's own tables choose for ``address``, by rules and longest prefix.

        ``source`` selects ``ip rule from`` tables; the packet is taken to be unmarked and sent by this node,
        so rules on marks, ports or incoming interfaces do not hold for it. None where no table has a route,
        the tables are not known, or those of the end choose another one than those of the start. A route or rule
        that refuses is returned with its kind (blackhole, unreachable, prohibit). Of several equal next hops the
        first is returned.
        """
        found = self.routes_to(address, source=source)
        return found[0] if len(found) == 1 else None

    def routes_to(self, address: str, *, source: str = "") -> tuple[Route | None, ...]:
        """Return what `route_to` finds by the tables of the start and, where those of the end choose otherwise, theirs."""
        early = _chosen(self.rules, self.routes, address, source)
        if self.routes_at_end is None and self.rules_at_end is None:
            return (early,)
        rules = self.rules if self.rules_at_end is None else self.rules_at_end
        routes = self.routes if self.routes_at_end is None else self.routes_at_end
        late = _chosen(rules, routes, address, source)
        return (early,) if early == late else (early, late)


def _chosen(rules: tuple[Rule, ...], routes: tuple[Route, ...], address: str, source: str) -> Route | None:
    """Return the route that these tables choose (Node.route_to)."""
    rules_in_order = sorted(rules, key=lambda rule: rule.priority) or _RULES_WITHOUT_POLICY
    wanted = ip_address(address)
    for rule in rules_in_order:
        if not rule.applies(address, source):
            continue
        if rule.action:
            return Route(prefix=f"{address}/{wanted.max_prefixlen}", table="", kind=rule.action)
        hits = [
            (network(route.prefix).prefixlen, -route.metric, route)
            for route in routes
            if route.table == rule.table and not route.dead and wanted in network(route.prefix)
        ]
        if not hits:
            continue
        length, _, best = max(hits, key=lambda hit: hit[:2])
        suppressed = rule.suppress_prefixlen is not None and length <= rule.suppress_prefixlen
        # "throw" ends the search in this table only (ip-route(8)).
        if best.kind != "throw" and not suppressed:
            return best
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class IpcacheEntry:
    """What Cilium's ipcache says of one prefix (``cilium-dbg bpf ipcache list``, ``cilium ip list``)."""

    prefix: str
    identity: int | None = None
    labels: tuple[str, ...] = ()
    tunnel_endpoint: str = ""  # the node behind which it lies; "" for local or directly routed prefixes
    encrypt_key: int | None = None  # 255: WireGuard (V/pkg/wireguard/types/types.go:20)
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All facts of one inventory. Empty where none was given: every lookup then answers None."""

    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    services: tuple[Service, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    routes: tuple[ProxyRoute, ...] = ()  # of proxies; those of the kernel are each node's
    identities: dict[int, tuple[str, ...]] = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)  # cilium-config
    warnings: tuple[str, ...] = ()
    ipcache: tuple[IpcacheEntry, ...] = ()
    hubble: tuple[HubbleFlow, ...] = ()  # as it was observed: what happened, not what is
    pods_by_hubble: dict[int, tuple[str, ...]] = field(default_factory=dict)  # whom it names with an identity
    pools: tuple[str, ...] = ()  # prefixes that load-balancer addresses are taken from
    arpings: tuple[Arping, ...] = ()  # what arping printed: as with hubble, what happened
    # Leases of L2 announcements: ("NAMESPACE-SERVICE", node that answers ARP and NDP for its address).
    leases: tuple[tuple[str, str], ...] = ()
    _by_ip: dict[str, tuple[Pod, ...]] = field(init=False, default_factory=dict, repr=False, compare=False)

    def node(self, name: str) -> Node | None:
        """Return the node called ``name``."""
        return next((node for node in self.nodes if node.name == name), None)

    def datapath(self, name: str) -> Datapath:
        """Return how a node forwards: by its own agent's status, else by cilium-config."""
        node, configured = self.node(name), datapath_of_config(self.config)
        return node.datapath.or_else(configured) if node and node.datapath else configured

    def pod_of(self, address: str) -> Pod | None:
        """Return the pod that owns ``address`` (host-network pods share their node's address: never them).

        None where several had it: pods of one address lived one after the other, and a packet names no moment here.
        """
        found = self.pods_at(address)
        return found[0] if len(found) == 1 else None

    def pods_at(self, address: str) -> tuple[Pod, ...]:
        """Return every pod that owned ``address``, in the order the inventory tells them."""
        if not self._by_ip:  # asked for every address of every flow
            for pod in self.pods:
                if not pod.host_network:
                    self._by_ip[pod.ip] = (*self._by_ip.get(pod.ip, ()), pod)
        return self._by_ip.get(address, ())

    def node_of_pod_address(self, address: str) -> Node | None:
        """Return the node whose pod CIDR holds ``address``."""
        pod = self.pod_of(address)
        if pod is not None and pod.node:
            return self.node(pod.node)
        return next((n for n in self.nodes if any(contains(cidr, address) for cidr in n.pod_cidrs)), None)

    def node_of_underlay(self, address: str) -> Node | None:
        """Return the node reached at this address from other nodes: its InternalIP only."""
        return next((node for node in self.nodes if node.internal_ip and node.internal_ip == address), None)

    def node_of_mac(self, mac: str) -> tuple[Node, Link] | None:
        """Return the node and link that own a MAC address; None where it is unknown or not unique."""
        found = [(node, link) for node in self.nodes for link in node.links if link.mac and link.mac == mac]
        return found[0] if len(found) == 1 else None

    def kind(self, address: str, *, node: str = "") -> AddressKind:
        """Return what ``address`` is, as seen from ``node`` (node-local addresses are looked up there first)."""
        if any(address and address == other.ingress for other in self.nodes):
            return AddressKind.INGRESS
        if any(address and address == other.cilium_host for other in self.nodes):
            return AddressKind.CILIUM_HOST
        here = self.node(node)
        if here is not None and address in here.local_addresses():
            host = here.link("cilium_host")
            return AddressKind.CILIUM_HOST if host and address in host.addresses else AddressKind.NODE
        if self.node_of_underlay(address) is not None:
            return AddressKind.NODE
        if self.pods_at(address) or any(contains(cidr, address) for other in self.nodes for cidr in other.pod_cidrs):
            return AddressKind.POD
        if any(address in service.vips for service in self.services):
            return AddressKind.VIP
        if any(address in service.cluster_ips for service in self.services):
            return AddressKind.SERVICE
        return AddressKind.OTHER

    def identity_name(self, identity: int | None) -> str:
        """Return what an identity stands for: its reserved name, its workload's labels, or its number."""
        if identity is None:
            return ""
        if identity in RESERVED_IDENTITIES:
            return RESERVED_IDENTITIES[identity]
        labels = self.identities.get(identity, ())
        own = [label for label in labels if not label.removeprefix("k8s:").startswith(_NOISE)]
        return ",".join(own or labels or self.pods_by_hubble.get(identity, ())) or str(identity)

    def services_at(self, address: str, port: int | None = None) -> tuple[Service, ...]:
        """Return the services that answer on ``address``: several may share one, each with ports of its own.

        With ``port`` those that have it; node ports count where the address is a node's.
        """
        found = [
            one
            for one in self.services
            if address in one.addresses and (port is None or not one.ports or port in dict(one.ports))
        ]
        if not found and port is not None and self.node_of_underlay(address) is not None:
            found = [one for one in self.services if port in dict(one.node_ports)]
        return tuple(found)

    def announcers(self, service: Service) -> tuple[str, ...]:
        """Return the nodes that hold the lease of a service's L2 announcement; several where files differ."""
        wanted = f"{service.namespace}-{service.name}"
        return tuple(dict.fromkeys(node for name, node in self.leases if name == wanted and node))

    def is_vip(self, address: str) -> bool:
        """Tell whether an address is a load balancer's: a service has it, or it is of a pool of such addresses."""
        return any(address in one.vips for one in self.services) or any(contains(pool, address) for pool in self.pools)

    def service_at(self, address: str, port: int | None) -> Service | None:
        """Return the one service that answers on an address and port; None where there is none, or several."""
        found = self.services_at(address, port)
        return found[0] if len(found) == 1 else None

    def name(self, address: str, *, node: str = "", port: int | None = None) -> str:
        """Return how a person calls an address: pod, node or service name; the empty string if unknown.

        ``port`` tells services apart that share one address.
        """
        pods = self.pods_at(address)
        if pods:
            return " or ".join(dict.fromkeys(pod.full_name for pod in pods))
        for other in self.nodes:
            if address and address == other.ingress:
                return f"ingress of {other.name}"
            if address and address == other.cilium_host:
                return f"cilium_host of {other.name}"
        underlay = self.node_of_underlay(address)
        if underlay is not None:
            return underlay.name
        services = [one for one in self.services if address in one.addresses]
        if services:
            picked = [one for one in services if port is not None and port in dict(one.ports)] or services
            return " or ".join(one.full_name for one in picked)
        here = self.node(node)
        if here is not None and address in here.local_addresses():
            return here.name
        owners = [other.name for other in self.nodes if address in other.local_addresses()]
        return owners[0] if len(owners) == 1 else ""  # 10.0.2.15 is on every node: then it names nobody
