"""L2 announcements in the lab: which node answers ARP for a VIP, a second proxy that can take over, and arping.

A node that holds a VIP has a local route for it: the kernel then answers ARP for it with eth1's MAC address, which is what
Cilium's responder does.
"""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from pathlib import Path

from captools.lab.cluster import Lab
from captools.lab.inventory import endpoint_slice, listing
from captools.lab.netns import Machine
from captools.lab.proxies.ingress_far import BACKEND, config_on
from captools.lab.services import start_envoy
from captools.lab.topology import HTTP_PORT, LEADER, MACHINES, NODES, ROUTER, VIP_SHARED, Mode
from captools.lab.truth import FlowTruth, RequestTruth, Truth
from captools.lab.waiting import wait_until
from captools.lab.ways import way, with_ways
from captools.model.errors import CaptureFailed
from captools.model.units import from_rfc3339

OPEN, CALLING = "01", "02"  # ESTABLISHED and SYN_SENT (kernel, include/net/tcp_states.h)
CARD = "eth1"  # of every machine on the VIPs' subnet
_MOVED_AFTER_NS = 500_000_000
_POOL = ("192.168.10.211", "192.168.10.215")


def hold(machine: Machine, vip: str) -> None:
    """Let a node answer for a VIP, without a word to anybody."""
    machine.batch([f"route add local {vip} dev lo table local"])


def withdraw(machine: Machine, vip: str) -> None:
    """Let a node no longer answer for a VIP."""
    machine.batch([f"route del local {vip} dev lo table local"])


def announce(machine: Machine, vip: str) -> None:
    """Send a gratuitous ARP reply to everybody, as Cilium does when a node takes a VIP over."""
    arping(machine, "-U", "-P", "-c", "1", "-S", vip, vip)


def vanish(machine: Machine, vip: str) -> None:
    """Let a node be dead for a VIP, with all it had open there: nothing for it is heard, nothing from it leaves."""
    machine.run(["nft", "-f", "-"], text=_dead(vip))


def _dead(vip: str) -> str:
    return f"""
table arp captools_dead {{
  chain heard {{
    type filter hook input priority filter;
    arp daddr ip {vip} drop
  }}
}}
table ip captools_dead {{
  chain heard {{
    type filter hook prerouting priority raw;
    ip daddr {vip} drop
  }}
  chain said {{
    type filter hook output priority raw;
    ip saddr {vip} drop
  }}
}}
"""


def wait_for(machine: Machine, vip: str, state: str) -> None:
    """Wait until a machine has a connection to a VIP in this state of the kernel's (OPEN, CALLING).

    CaptureFailed where it has none in time: a busy machine takes its time to start a client.
    """
    # Columns of /proc/net/tcp: slot, local, remote address in hex of the machine's byte order, state.
    wanted = (
        socket.inet_aton(vip)[::-1].hex().upper() if sys.byteorder == "little" else socket.inet_aton(vip).hex().upper()
    )

    def there() -> bool:
        rows = [row.split() for row in Path(f"/proc/{machine.pid}/net/tcp").read_text().splitlines()[1:]]
        return any(row[2].partition(":")[0] == wanted and row[3] == state for row in rows)

    wait_until(there, f"{machine.name} has no connection to {vip} in state {state}", step_s=0.005)


def arping(machine: Machine, *words: str) -> str:
    """Run arping on the VIPs' subnet and return what it prints; it ends with 1 where nobody answers, which is no failure."""
    process = machine.start(["arping", "-i", CARD, *words])
    out, err = process.communicate()
    if process.returncode not in (0, 1):
        raise CaptureFailed(f"lab: arping on {machine.name} failed: {err.strip()[-200:]}")
    return out


def quieten(lab: Lab) -> None:
    """Keep the machines from verifying their neighbours again in the midst of a short case (after five seconds)."""
    for name in MACHINES:
        lab.machine(name).run(["sysctl", "-q", "-w", f"net.ipv4.neigh.{CARD}.delay_first_probe_time=60"])


def tell(lab: Lab) -> None:
    """Add the pool that the VIPs are taken from to the inventory, and take out of it the pods that these labs do not have."""
    lab.tell("endpointslices.json", listing([endpoint_slice(pods=(BACKEND,))]))
    lab.tell(
        "ciliumloadbalancerippools.json",
        listing([{
            "apiVersion": "cilium.io/v2alpha1", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "cilium-lb"},
            "spec": {"blocks": [{"start": _POOL[0], "stop": _POOL[1]}], "disabled": False},
        }]),
    )  # fmt: skip


def second_proxy(lab: Lab, node: str) -> None:
    """Start the proxy of another node, ready for the VIP. CaptureFailed where it does not come up."""
    machine = lab.machine(node)
    log = start_envoy(machine, lab.directory, config_on(node), f"envoy-{node}")
    wait_until(lambda: machine.listens(HTTP_PORT), f"no proxy on {node}", words=lambda: log.read_text()[-400:])


def served(truth: Truth, mode: Mode) -> Truth:
    """Return ``truth`` with ways by the node whose proxy served each connection, told by the address that the backend saw.

    A connection that failed or lasted long has none: its packets went to more than one node.
    """
    nodes = {node.ingress: node.name for node in NODES}
    by = {(one.client, one.client_port): nodes.get(one.remote_addr, "") for one in truth.requests}
    known = with_ways(truth, mode)
    return replace(
        known,
        flows=tuple(_flow(flow, by.get((flow.src, flow.sport or 0), "")) for flow in known.flows),
        requests=tuple(_request(one, mode, nodes.get(one.remote_addr, LEADER)) for one in known.requests),
    )


def _flow(flow: FlowTruth, node: str) -> FlowTruth:
    if flow.dst != VIP_SHARED:
        return flow
    lasted_ns = from_rfc3339(flow.ended) - from_rfc3339(flow.started)
    if flow.error or not node or lasted_ns > _MOVED_AFTER_NS:
        return replace(flow, way=None, way_back=None)
    way_there = (f"{ROUTER}/{CARD}", f"{node}/{CARD}")
    return replace(flow, way=way_there, way_back=way_there[::-1])


def _request(request: RequestTruth, mode: Mode, node: str) -> RequestTruth:
    there = way(mode, request.remote_addr, request.backend_ip, sender=node)
    back = way(mode, request.backend_ip, request.remote_addr, receiver=node)
    return replace(request, backend_way=there, backend_way_back=back)
