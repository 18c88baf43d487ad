"""Expected points: the way that the nodes' own tables, links and Cilium settings give a packet, step by step.

A walk: at each node the rules and routes choose an interface; a tunnel or WireGuard device wraps the packet, whose
outer header is then walked in its turn; whoever owns the next hop's address is the next node. It ends at the
destination, or where the inventory knows no further, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from captools.correlate.paths.directions import IN, OUT
from captools.model.addresses import contains
from captools.model.cluster import Cluster, Link, Node, Route
from captools.model.points import Role, role_of

PLAIN, WIREGUARD = "plain", "wireguard"
_MOST_NODES = 12  # a longer way is a loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One point that a packet should pass. ``carried``: plain, wireguard, or the tunnel it is in; then with whose ends."""

    point: str
    direction: int
    why: str
    carried: str = PLAIN
    outer: tuple[str, str] | None = None
    role: Role = Role.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The steps in order; ``end`` says why the walk stops before the destination, and is empty where it does not."""

    steps: tuple[Step, ...] = ()
    end: str = ""

    def then(self, other: Walk) -> Walk:
        """Return this walk gone on by another."""
        return self if self.end else Walk(steps=self.steps + other.steps, end=other.end)


@dataclass(frozen=True, slots=True)
class Guide:
    """Walks packets through the inventory's nodes."""

    cluster: Cluster
    _known: dict[tuple[str, str, str], Walk] = field(default_factory=dict)
    _homes: dict[str, Node | None] = field(default_factory=dict)

    def walk(self, node: str, src: str, dst: str) -> Walk:
        """Return the way of a packet that ``node`` has got, or sends itself."""
        key = node, src, dst
        if key not in self._known:
            here = self.cluster.node(node)
            self._known[key] = self._from(here, src, dst, 0) if here else Walk(end=f"no inventory knows {node}")
        return self._known[key]

    def whole(self, node: str, src: str, dst: str) -> Walk:
        """Return the same from the sender's own interface on, where ``src`` is a pod of ``node``."""
        pod, here = self.cluster.pod_of(src), self.cluster.node(node)
        if pod is None or here is None or pod.node != node or not pod.interface:
            return self.walk(node, src, dst)
        entry = self._step(here, pod.interface, IN, f"it is the interface of {pod.full_name}")
        return Walk(steps=(entry,)).then(self.walk(node, src, dst))

    def unwrap(self, node: str, outer: tuple[str, str], carried: str, src: str, dst: str) -> Walk:
        """Return the way of a packet that ``node`` has got inside a tunnel or a WireGuard datagram from ``outer[0]``."""
        here = self.cluster.node(node)
        if here is None:
            return Walk(end=f"no inventory knows {node}")
        return self._wrapped(here, outer, carried, src, dst, 0)

    def home(self, address: str) -> Node | None:
        """Return the one node that an address lives on."""
        if address not in self._homes:
            self._homes[address] = self._home(address)
        return self._homes[address]

    def _home(self, address: str) -> Node | None:
        known = self.cluster.node_of_pod_address(address) or self.cluster.node_of_underlay(address)
        if known is not None:
            return known
        owners = [one for one in self.cluster.nodes if address in one.local_addresses()]
        return owners[0] if len(owners) == 1 else None

    def _from(self, node: Node, src: str, dst: str, nodes: int) -> Walk:
        if nodes > _MOST_NODES:
            return Walk(end=f"the tables send it round in a circle, by {node.name} again")
        pod = self.cluster.pod_of(dst)
        if pod is not None and pod.node == node.name:
            if not pod.interface:
                return Walk(end=f"the interface of {pod.full_name} on {node.name} is not known")
            why = f"it is the interface of {pod.full_name}"
            return Walk(steps=(self._step(node, pod.interface, OUT, why),))
        if dst in node.local_addresses():
            return Walk()
        if any(dst in one.cluster_ips for one in self.cluster.services):
            return Walk(end=f"{dst} is a service address, and to which backend it is translated is in no table")
        route = node.route_to(dst, source=src)
        if route is not None and route.kind == "local":
            return Walk()  # an address of the node itself that stands on no link, such as the ingress one
        device, why = self._device(node, route, src, dst)
        if device is None:
            return Walk(end=why)
        role = role_of(device.name, device.kind)
        if role is Role.TUNNEL:
            return self._into_tunnel(node, route, device, why, src, dst, nodes)
        if role is Role.WIREGUARD:
            return self._into_wireguard(node, device, why, src, dst, nodes)
        out = Walk(steps=(self._step(node, device.name, OUT, why),))
        return out.then(self._next(node, route.via or dst if route else dst, device, src, dst, nodes))

    def _device(self, node: Node, route: Route | None, src: str, dst: str) -> tuple[Link | None, str]:
        """Return the interface a packet leaves by and why, or None and why that is not known.

        Cilium's own programs take pod traffic to other nodes past the routes through cilium_host.
        """
        target, settings = self.cluster.node_of_pod_address(dst), self.cluster.datapath(node.name)
        own = route is None or role_of(route.dev) is Role.HOST
        if target is not None and target.name != node.name and node.in_cluster:
            between_pods = self.cluster.node_of_pod_address(src) is not None
            sealed = next((link for link in node.links if role_of(link.name, link.kind) is Role.WIREGUARD), None)
            tunnels = settings.routing == "tunnel"
            if settings.encryption == "wireguard" and sealed is not None and between_pods and not tunnels:
                return sealed, f"WireGuard is on for pods of other nodes, such as those of {target.name}"
            device = next((link for link in node.links if role_of(link.name, link.kind) is Role.TUNNEL), None)
            if own and tunnels and device is not None:
                return device, f"tunnel mode carries the pods of {target.name}"
        if route is None:
            return None, f"{node.name} has no route to {dst}" if node.routes else f"no route of {node.name} is known"
        if route.kind not in ("unicast", "local") or not route.dev:
            return None, f"{node.name} refuses {dst}: its route {route.prefix} is {route.kind}"
        link = node.link(route.dev) or Link(index=0, name=route.dev)
        table = "" if route.table in ("main", "") else f" in table {route.table}"
        via = f" via {route.via}" if route.via else ""
        return link, f"its route {route.prefix}{via} dev {route.dev}{table}"

    def _into_tunnel(
        self, node: Node, route: Route | None, device: Link, why: str, src: str, dst: str, nodes: int
    ) -> Walk:
        target = self.cluster.node_of_pod_address(dst)
        peer = (route.encap_dst if route else "") or (target.internal_ip if target else "")
        entry = Walk(steps=(self._step(node, device.name, OUT, why),))
        if not peer:
            return entry.then(Walk(end=f"no table of {node.name} says which node {dst} is tunnelled to"))
        kind = device.kind or ("geneve" if "geneve" in device.name else "vxlan")
        outer = (node.internal_ip, peer)
        return entry.then(self._wrapped(node, outer, kind, src, dst, nodes))

    def _into_wireguard(self, node: Node, device: Link, why: str, src: str, dst: str, nodes: int) -> Walk:
        entry = Walk(steps=(self._step(node, device.name, OUT, why),))
        peers = node.wireguard.peers if node.wireguard else ()
        fitting = [one for one in peers if any(contains(prefix, dst) for prefix in one.allowed_ips)]
        target = self.cluster.node_of_pod_address(dst)
        endpoint = fitting[0].endpoint.rpartition(":")[0].strip("[]") if fitting else ""
        peer = endpoint or (target.internal_ip if target else "")
        if not peer:
            return entry.then(Walk(end=f"no peer of {device.name} on {node.name} is known to take {dst}"))
        return entry.then(self._wrapped(node, (node.internal_ip, peer), WIREGUARD, src, dst, nodes))

    def _wrapped(self, node: Node, outer: tuple[str, str], carried: str, src: str, dst: str, nodes: int) -> Walk:
        """Walk the outer header, then go on with the inner one where it is unwrapped."""
        under = self._from(node, outer[0], outer[1], nodes)
        under = replace(under, steps=tuple(replace(one, carried=carried, outer=outer) for one in under.steps))
        target = self.cluster.node_of_underlay(outer[1]) or self.home(outer[1])
        if target is None:
            return under.then(Walk(end=f"no inventory knows the tunnel's end {outer[1]}"))
        wanted = Role.WIREGUARD if carried == WIREGUARD else Role.TUNNEL
        devices = [link for link in target.links if role_of(link.name, link.kind) is wanted]
        fitting = [link for link in devices if carried in (WIREGUARD, link.kind) or carried in link.name]
        unwrapped = tuple(
            self._step(target, link.name, IN, f"it unwraps what {target.name} gets by {carried}")
            for link in fitting[:1]
        )
        return under.then(Walk(steps=unwrapped)).then(self._from(target, src, dst, nodes + 1))

    def _next(self, node: Node, hop: str, device: Link, src: str, dst: str, nodes: int) -> Walk:
        """Go on at the node that owns the next hop's address; 10.0.2.15 is on every node, and then on none."""
        owners = [
            (one, link) for one in self.cluster.nodes if one is not node for link in one.links if hop in link.addresses
        ]
        resolved = [one.mac for one in node.neighbours if one.address == hop and one.dev == device.name and one.mac]
        answering = self.cluster.node_of_mac(resolved[0]) if resolved and not owners else None
        if len(owners) == 1 or answering is not None:
            target, link = answering or owners[0]
            entry = self._step(target, link.name, IN, f"{node.name} hands it to {hop}, which is {target.name}")
            vip = any(dst in one.vips for one in self.cluster.services)
            end = f"{target.name} answers for the service address {dst}, and which backend it picks is in no table"
            return Walk(steps=(entry,), end=end if vip else "").then(self._from(target, src, dst, nodes + 1))
        if hop == dst and self.cluster.pod_of(dst) is None and not owners:
            return Walk(end=f"{node.name} sends it out of {device.name}; no inventory knows {dst}")
        who = "no node of the inventory is" if not owners else "several nodes are"
        return Walk(end=f"{node.name} hands it to {hop} by {device.name}, which {who}")

    def _step(self, node: Node, interface: str, direction: int, why: str) -> Step:
        link = node.link(interface)
        return Step(
            point=f"{node.name}/{interface}",
            direction=direction,
            why=why,
            role=role_of(interface, link.kind if link else ""),
        )
