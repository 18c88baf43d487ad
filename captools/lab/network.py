"""What ``ip -batch`` builds in each namespace, as lines of text. Pure: the order of lines is the order of creation.

The order matters: the first global address created on a node is the source Linux prefers towards a route
without ``src`` (FACTS, section 14), so eth0 with 10.0.2.15 comes first everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from captools.lab.topology import (
    INGRESS_IDENTITY,
    LEADER,
    MACHINES,
    NAT_ADDRESS,
    NAT_GATEWAY,
    NATIVE_ROUTING_CIDR,
    NODES,
    PODS,
    REMOTE_NODE_IDENTITY,
    ROUTER,
    ROUTER_ADDRESSES,
    VIP_DEDICATED,
    VIP_SHARED,
    VXLAN_PORT,
    LabNode,
    LabPod,
    Mode,
    mac_of,
    pods_on,
)

WIREGUARD_TABLE = 201  # the table Cilium steers packets for encryption to
SWITCHES = {"net10": "192.168.10.", "net20": "192.168.20."}


# No wire carries a frame longer than its MTU: what leaves by these interfaces is segmented before it does, and
# before tcpdump sees it, while lxc* and cilium_vxlan keep the kernel's super-frames. Offload settings stay as they are.
WIRE = "gso_max_segs 1"


def uplink_device(machine: str) -> str:
    """Return the name of the uplink namespace's end of a machine's eth0."""
    return f"nat-{machine}"


def sysctls(*, forward: bool) -> tuple[str, ...]:
    """Return kernel settings for a new namespace, set before any interface exists in it.

    IPv6 is off because neighbour discovery would put noise into every capture; reverse path filtering is off
    because Cilium's paths are asymmetric by design.
    """
    return (
        f"net.ipv4.ip_forward={int(forward)}",
        *(f"net.ipv4.conf.{scope}.rp_filter=0" for scope in ("all", "default")),
        *(f"net.ipv4.conf.{scope}.send_redirects=0" for scope in ("all", "default")),
        *(f"net.ipv6.conf.{scope}.disable_ipv6=1" for scope in ("all", "default")),
    )


def uplink(pids: Mapping[str, int]) -> list[str]:
    """Return the lines of the uplink: one isolated eth0 segment per machine, all with the same gateway address.

    ``pids`` gives each machine's holder process. The four 10.0.2.0/24 networks never meet: nothing forwards
    between them, and whoever connects from here (ssh) binds to one device.
    """
    lines = ["link set lo up"]
    for machine in MACHINES:
        device = uplink_device(machine)
        lines += [
            f"link add {device} type veth peer name eth0 address {mac_of(machine, 'eth0')} netns {pids[machine]}",
            f"addr add {NAT_GATEWAY}/24 dev {device}",
            f"link set {device} address {mac_of('uplink', device)} up",
            # Known for good: probes for neighbours would fall into the last moment of captures, which tcpdump does not read.
            f"neigh add {NAT_ADDRESS} lladdr {mac_of(machine, 'eth0')} dev {device} nud permanent",
        ]
    return lines


def switches(pids: Mapping[str, int]) -> list[str]:
    """Return the lines of the two switches: bridges without addresses, one per subnet."""
    lines = [f"link add {name} type bridge mcast_snooping 0" for name in SWITCHES]
    lines += [f"link set {name} up" for name in SWITCHES]
    ports = [(node.name, "eth1", node.address) for node in NODES]
    ports += [(ROUTER, name, ROUTER_ADDRESSES[name]) for name in ("eth1", "eth2")]
    for machine, interface, address in ports:
        bridge = next(name for name, prefix in SWITCHES.items() if address.startswith(prefix))
        port = f"{machine}-{interface[-1]}"
        lines += [
            f"link add {port} type veth peer name {interface} address {mac_of(machine, interface)}"
            f" netns {pids[machine]}",
            f"link set {port} master {bridge} {WIRE} up",
        ]
    return lines


def _uplink_end(machine: str) -> list[str]:
    return [
        "link set lo up",
        f"addr add {NAT_ADDRESS}/24 dev eth0",
        "link set eth0 up",
        f"neigh add {NAT_GATEWAY} lladdr {mac_of('uplink', uplink_device(machine))} dev eth0 nud permanent",
        f"route add default via {NAT_GATEWAY} dev eth0",
    ]


def router(mode: Mode) -> list[str]:
    """Return the lines of the router. It is no cluster node: all it has is its own routes.

    With VXLAN it needs none for pods. In ``native-broken`` the one for the pods of k8s-w0 is missing, so they
    leave by the default route through eth0: S1.
    """
    lines = _uplink_end(ROUTER)
    for name in ("loop1", "loop2"):
        # There is no dummy device in this kernel; a bridge without ports holds an address as well.
        lines.append(f"link add {name} type bridge mcast_snooping 0")
    for name, address in ROUTER_ADDRESSES.items():
        lines += [f"addr add {address}/24 dev {name}", f"link set {name} {WIRE} up"]
    if mode.tunnelled:
        return lines
    for node in NODES:
        if not (mode is Mode.NATIVE_BROKEN and node.name == "k8s-w0"):
            lines.append(f"route add {node.pod_cidr} via {node.address}")
    return lines


def node(
    here: LabNode, mode: Mode, pids: Mapping[str, int], pods: tuple[LabPod, ...] = PODS, *, endpoint_routes: bool
) -> list[str]:
    """Return the lines of one Kubernetes node, its pods' lxc devices included.

    ``pids`` gives each pod's holder process. With ``endpoint_routes`` the /32 route of a pod carries no source,
    so the node talks to local pods as 10.0.2.15; without, as cilium_host (FACTS, section 14).
    """
    lines = _uplink_end(here.name)
    lines += [f"addr add {here.address}/24 dev eth1", f"link set eth1 {WIRE} up"]
    lines += [
        f"route add {subnet} via {here.gateway} dev eth1"
        for subnet in sorted({other.subnet for other in NODES} - {here.subnet})
    ]
    lines.append(f"route add 10.10.0.0/16 via {here.gateway} dev eth1")
    lines += [
        f"link add cilium_net address {mac_of(here.name, 'cilium_net')} type veth"
        f" peer name cilium_host address {mac_of(here.name, 'cilium_host')}",
        "link set cilium_net up",
        "link set cilium_host up",
        f"addr add {here.cilium_host}/32 dev cilium_host",
        f"route add {here.cilium_host} dev cilium_host scope link",
        f"route add {here.pod_cidr} via {here.cilium_host} dev cilium_host src {here.cilium_host}",
        # Local routes, not addresses: a global address on lo would become the preferred source of everything.
        f"route add local {here.ingress} dev cilium_host table local",
    ]
    if here.name == LEADER:
        lines += [f"route add local {vip} dev lo table local" for vip in (VIP_SHARED, VIP_DEDICATED)]
    for pod in pods_on(here.name, pods):
        lines += _pod_link(here, pod, pids[pod.name], endpoint_routes=endpoint_routes)
    lines += _tunnel(here, pods, mode) if mode.tunnelled else _native(here)
    return lines


def _pod_link(here: LabNode, pod: LabPod, pid: int, *, endpoint_routes: bool) -> list[str]:
    source = "" if endpoint_routes else f" src {here.cilium_host}"
    return [
        f"link add {pod.interface} address {mac_of(pod.name, 'lxc')} type veth"
        f" peer name eth0 address {mac_of(pod.name, 'eth0')} netns {pid}",
        f"link set {pod.interface} up",
        f"neigh add {pod.ip} lladdr {mac_of(pod.name, 'eth0')} dev {pod.interface} nud permanent",
        f"route add {pod.ip} dev {pod.interface} scope link{source}",
    ]


def _native(here: LabNode) -> list[str]:
    """Direct routes to nodes on the same subnet (auto-direct-node-routes), everything else by the router."""
    lines = [f"route add {NATIVE_ROUTING_CIDR} via {here.gateway} dev eth1"]
    lines += [
        f"route add {other.pod_cidr} via {other.address} dev eth1"
        for other in NODES
        if other is not here and other.subnet == here.subnet
    ]
    return lines


def _tunnel(here: LabNode, pods: tuple[LabPod, ...], mode: Mode) -> list[str]:
    """One route table per source identity, so that the VNI is the sender's identity (FACTS, sections 2 and 14)."""
    others = [other for other in NODES if other is not here]
    lines = [
        f"link add cilium_vxlan address {mac_of(here.name, 'cilium_vxlan')} mtu 1500 type vxlan external"
        f" dstport {VXLAN_PORT}",
        "link set cilium_vxlan up",
    ]
    lines += [
        f"neigh add {other.tunnel_neighbour} lladdr {mac_of(other.name, 'cilium_vxlan')} dev cilium_vxlan nud permanent"
        for other in others
    ]
    senders = {pod.ip: pod.identity for pod in pods_on(here.name, pods)} | {here.ingress: INGRESS_IDENTITY}
    lines += [f"rule add from {address} lookup {identity} priority 100" for address, identity in senders.items()]
    tables = [
        ("main", REMOTE_NODE_IDENTITY),
        *((str(identity), identity) for identity in sorted(set(senders.values()))),
    ]
    for table, identity in tables:
        source = f" src {here.cilium_host}" if table == "main" else ""
        lines += [
            f"route add {other.pod_cidr} encap ip id {identity} dst {other.address} via {other.tunnel_neighbour}"
            f" dev cilium_vxlan onlink table {table} mtu {mode.pod_mtu}{source}"
            for other in others
        ]
    return lines


def wireguard(here: LabNode, mode: Mode) -> list[str]:
    """Return the lines that steer pod traffic into cilium_wg0, once wireguard-go has made it.

    Node-to-node traffic stays outside, as with Cilium's node encryption off. In ``wireguard-leak`` k8s-ctr does
    not steer what goes to k8s-w1: that direction crosses eth1 in the clear, while the answers come encrypted. In ``dual``
    it is the tunnel's datagrams between the nodes that are steered.
    """
    lines = [f"link set cilium_wg0 mtu {Mode.WIREGUARD.pod_mtu} up"]
    if mode is Mode.DUAL:
        lines.append(f"rule add ipproto udp dport {VXLAN_PORT} lookup {WIREGUARD_TABLE} priority 101")
        return lines + [
            f"route add {other.address} dev cilium_wg0 table {WIREGUARD_TABLE} src {here.address}"
            for other in NODES
            if other is not here
        ]
    lines += [
        f"rule add from {here.pod_cidr} to {NATIVE_ROUTING_CIDR} lookup {WIREGUARD_TABLE} priority 101",
    ]
    for other in NODES:
        leaks = mode is Mode.WIREGUARD_LEAK and (here.name, other.name) == ("k8s-ctr", "k8s-w1")
        if other is not here and not leaks:
            lines.append(f"route add {other.pod_cidr} dev cilium_wg0 table {WIREGUARD_TABLE}")
    return lines


def pod(here: LabPod, gateway: str, mode: Mode) -> list[str]:
    """Return the lines of one pod: a /32 address and a default route by cilium_host, as Cilium's CNI sets them."""
    return [
        "link set lo up",
        f"addr add {here.ip}/32 dev eth0",
        "link set eth0 up",
        f"route add {gateway} dev eth0 scope link",
        f"route add default via {gateway} dev eth0 mtu {mode.pod_mtu}",
    ]
