"""IPv6 in the lab, which is built without: addresses for pods and nodes, routes through the tunnel, and what kubectl says.

An IPv6 address is the IPv4 address of the SCENARIOS page written in another way: 172.20.0.88 is fd00:172:20::88.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from captools.lab import inventory
from captools.lab.cluster import Lab
from captools.lab.netns import Machine, python
from captools.lab.topology import (
    HTTP_PORT,
    NODES,
    REMOTE_NODE_IDENTITY,
    ROUTER,
    ROUTER_ADDRESSES,
    LabNode,
    LabPod,
    mac_of,
    pods_on,
)
from captools.lab.waiting import wait_until

OVERHEAD_4, OVERHEAD_6 = 50, 70  # what VXLAN adds over either underlay (FACTS, section 1)


def address(ipv4: str) -> str:
    """Return the IPv6 address that stands beside an IPv4 address of the lab."""
    return str(IPv6Address("fd00:" + ":".join(ipv4.split(".")[:3]) + "::" + ipv4.split(".")[3]))


def pod_cidr(node: LabNode) -> str:
    """Return a node's second pod CIDR."""
    return str(IPv6Network(address(node.pod_cidr.partition("/")[0]) + "/64"))


def switch_on(lab: Lab, *, underlay: bool) -> None:
    """Give every pod and node IPv6; with ``underlay`` the tunnel between the nodes too. CaptureFailed if no pod answers."""
    for node in NODES:
        _node(lab, node, underlay=underlay)
    if underlay:
        _router(lab.machine(ROUTER))
    for pod in lab.pods:
        if pod.serves:
            argv = python("whoami", address(pod.ip), str(pod.port))
            lab.machine(pod.name).daemon(argv, lab.directory / "log" / f"{pod.name}-6.log")
    serving = [(lab.machine(pod.name), address(pod.ip)) for pod in lab.pods if pod.serves]
    wait_until(lambda: all(machine.listens(HTTP_PORT, ip) for machine, ip in serving), "a pod does not serve over IPv6")
    for file, document in documents(lab, underlay=underlay).items():
        lab.tell(file, document)


def _enable(machine: Machine, devices: Iterable[str], *, forward: bool) -> None:
    """Switch IPv6 on for some devices, without what it says of its own accord: no link-local addresses, no solicitation."""
    settings = [f"net.ipv6.conf.all.forwarding={int(forward)}"]
    for device in devices:
        scope = f"net.ipv6.conf.{device}"
        settings += [f"{scope}.addr_gen_mode=1", f"{scope}.accept_dad=0", f"{scope}.router_solicitations=0"]
        settings += [f"{scope}.accept_ra=0", f"{scope}.disable_ipv6=0"]
    machine.run(["sysctl", "-q", "-w", *settings])


def _node(lab: Lab, here: LabNode, *, underlay: bool) -> None:
    pods = pods_on(here.name, lab.pods)
    machine = lab.machine(here.name)
    cards = ["eth1"] if underlay else []
    _enable(machine, ["cilium_host", "cilium_vxlan", *(pod.interface for pod in pods), *cards], forward=True)
    _batch(machine, node_lines(here, pods, underlay=underlay))
    for pod in pods:
        _enable(lab.machine(pod.name), ["eth0"], forward=False)
        _batch(lab.machine(pod.name), pod_lines(pod, here, underlay=underlay))


def _router(machine: Machine) -> None:
    _enable(machine, ["eth1", "eth2"], forward=True)
    for name in ("eth1", "eth2"):
        # A router asks for neighbours from a link-local address, or not at all.
        link_local = f"fe80::{ROUTER_ADDRESSES[name].split('.')[2]}:200"
        _batch(
            machine, [f"addr add {one}/64 dev {name} nodad" for one in (address(ROUTER_ADDRESSES[name]), link_local)]
        )


def _batch(machine: Machine, lines: list[str]) -> None:
    """Give lines to one ``ip -6 -batch``: without the family "ip rule" takes every address for an IPv4 one."""
    machine.run(["ip", "-6", "-batch", "-"], text="\n".join(lines) + "\n")


def mtu(*, underlay: bool) -> int:
    """Return the MTU of a pod's default route."""
    return 1500 - (OVERHEAD_6 if underlay else OVERHEAD_4)


def node_lines(here: LabNode, pods: tuple[LabPod, ...], *, underlay: bool) -> list[str]:
    """Return the lines of one node: local pods by their devices, other nodes' pods by the tunnel, a table per identity."""
    lines = [f"addr add {address(here.cilium_host)}/128 dev cilium_host nodad"]
    if underlay:
        lines.append(f"addr add {address(here.address)}/64 dev eth1 nodad")
        far = {address(other.address) for other in NODES if other.subnet != here.subnet}
        nets = sorted({str(IPv6Network(f"{one}/64", strict=False)) for one in far})
        lines += [f"route add {net} via {address(here.gateway)} dev eth1" for net in nets]
    for pod in pods:
        lines += [
            f"neigh add {address(pod.ip)} lladdr {mac_of(pod.name, 'eth0')} dev {pod.interface} nud permanent",
            f"route add {address(pod.ip)}/128 dev {pod.interface}",
            f"rule add from {address(pod.ip)} lookup {pod.identity} priority 100",
        ]
    tables = [("main", REMOTE_NODE_IDENTITY), *((str(one), one) for one in sorted({pod.identity for pod in pods}))]
    for other in NODES:
        if other is here:
            continue
        hop = "fe80::" + ":".join(other.address.split(".")[2:])
        lines.append(f"neigh add {hop} lladdr {mac_of(other.name, 'cilium_vxlan')} dev cilium_vxlan nud permanent")
        # Over IPv6 the kernel throws away UDP without a checksum (RFC 8200, section 8.1), and sends it so unless told.
        kind, end = ("ip6", f"{address(other.address)} csum") if underlay else ("ip", other.address)
        lines += [
            f"route add {pod_cidr(other)} encap {kind} id {identity} dst {end} via {hop} dev cilium_vxlan onlink"
            f" table {table} mtu {mtu(underlay=underlay)}"
            for table, identity in tables
        ]
    return lines


def pod_lines(pod: LabPod, here: LabNode, *, underlay: bool) -> list[str]:
    """Return the lines of one pod: a /128 address, and everything through its node."""
    gateway = address(here.cilium_host)
    return [
        f"addr add {address(pod.ip)}/128 dev eth0 nodad",
        f"neigh add {gateway} lladdr {mac_of(pod.name, 'lxc')} dev eth0 nud permanent",
        f"route add {gateway}/128 dev eth0",
        f"route add default via {gateway} dev eth0 mtu {mtu(underlay=underlay)}",
    ]


def documents(lab: Lab, *, underlay: bool) -> dict[str, Any]:
    """Return the inventory files that IPv6 changes."""
    told = inventory.documents(lab.mode, endpoint_routes=lab.endpoint_routes, public_keys={}, pods=lab.pods)
    files: dict[str, Any] = {name: told[name] for name in ("pods.json", "ciliumendpoints.json", "ciliumnodes.json")}
    pods = {pod.name: pod for pod in lab.pods}
    for item in files["pods.json"]["items"]:
        if item["metadata"]["name"] in pods:
            item["status"]["podIPs"].append({"ip": address(pods[item["metadata"]["name"]].ip)})
    for item in files["ciliumendpoints.json"]["items"]:
        item["status"]["networking"]["addressing"][0]["ipv6"] = address(pods[item["metadata"]["name"]].ip)
    for item, node in zip(files["ciliumnodes.json"]["items"], NODES, strict=True):
        item["spec"]["ipam"]["podCIDRs"].append(pod_cidr(node))
        item["spec"]["addresses"].append({"type": "CiliumInternalIP", "ip": address(node.cilium_host)})
        if underlay:
            item["spec"]["addresses"].append({"type": "InternalIP", "ip": address(node.address)})
    config: Any = told["cilium-config.json"]
    config["data"]["enable-ipv6"] = "true"
    if underlay:
        config["data"]["underlay-protocol"] = "ipv6"
    return {**files, "cilium-config.json": config}
