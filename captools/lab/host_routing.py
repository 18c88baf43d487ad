"""eBPF host routing in the lab: the nodes hand packets to their pods past lxc*, and their inventory says so."""

from __future__ import annotations

from dataclasses import replace

from captools.lab import inventory
from captools.lab.cluster import Lab
from captools.lab.netns import python
from captools.lab.policy import cut
from captools.lab.topology import EVERY_POD, NODES, LabNode, Mode, pods_on
from captools.lab.truth import FlowTruth, Truth
from captools.lab.waiting import wait_until

_STATUS = """\
KubeProxyReplacement:    False
Routing:                 Network: Native   Host: BPF
Attach Mode:             TCX
Device Mode:             veth
Encryption:              Disabled
KubeProxyReplacement Details:
  Status:               Disabled
  Socket LB:            Disabled
  XDP Acceleration:     Disabled
"""


def switch_on(lab: Lab, *, denied: tuple[str, str] = ("", "")) -> None:
    """Attach the program on every node; ``denied`` names a client and a pod whose node drops what that client sends."""
    for node in NODES:
        _attach(lab, node, denied)
        lab.tell(f"{node.name}__cilium-status.txt", _STATUS)
    documents = inventory.documents(lab.mode, endpoint_routes=lab.endpoint_routes, public_keys={}, pods=lab.pods)
    config = documents["cilium-config.json"]
    assert isinstance(config, dict)
    config["data"]["enable-host-legacy-routing"] = "false"
    lab.tell("cilium-config.json", config)


def _attach(lab: Lab, node: LabNode, denied: tuple[str, str]) -> None:
    machine, log = lab.machine(node.name), lab.directory / "log" / f"redirect-{node.name}.log"
    pods = pods_on(node.name, lab.pods)
    words = [f"{pod.ip}={pod.interface}" for pod in pods]
    if any(pod.ip == denied[1] for pod in pods):
        words += ["--deny", ",".join(denied)]
    devices = ",".join(["eth1", *(pod.interface for pod in pods)])
    machine.daemon(python("redirect_peer", devices, *words), log)
    wait_until(lambda: "attached" in log.read_text(), f"{node.name}: no eBPF program was attached", words=log.read_text)


def ways(truth: Truth, mode: Mode, *, denied: tuple[str, str] = ("", "")) -> Truth:
    """Return ``truth`` with all ways: none but what its own node sends shows at lxc* on its way into a pod."""
    last = {pod.ip: f"{pod.node}/eth1" for pod in EVERY_POD}
    known = cut(truth, mode, lambda flow: last[flow.dst] if (flow.src, flow.dst) == denied else "")
    return replace(known, flows=tuple(_past(flow) for flow in known.flows))


def _past(flow: FlowTruth) -> FlowTruth:
    doors = {pod.ip: f"{pod.node}/{pod.interface}" for pod in EVERY_POD}
    into, home = doors.get(flow.dst), doors.get(flow.src)
    if flow.way is None or len(flow.way) == 1:
        return flow  # the node's own packets
    way = flow.way[:-1] if flow.way[-1] == into else flow.way
    back = flow.way_back[:-1] if flow.way_back and flow.way_back[-1] == home else flow.way_back
    return replace(flow, way=way, way_back=back)
