"""A load balancer on every node: nftables rules that give connections to a service address to its backends.

Cilium translates connections of pods on their own node and leaves the source alone. What comes from outside is translated
by the node that announces the address; towards backends of other nodes it puts its own address in the source (FACTS,
section 4: SNAT mode), so that answers come back by it. All of that with Linux's connection tracking here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from captools.lab.cluster import Lab
from captools.lab.topology import LEADER, NODES, LabNode, LabPod

Backends = Mapping[int, Sequence[LabPod]]  # by the service's port


def rules(here: LabNode, address: str, backends: Backends, *, announces: bool) -> str:
    """Return the rules of one node; ``announces``: connections from outside come to it."""
    comes = "eth1" if announces else "lxc*"
    chosen = "\n".join(
        f'    iifname "{comes}" ip daddr {address} tcp dport {port} dnat to {_lot(pods)}'
        for port, pods in backends.items()
    )
    hidden = (
        f'    ct status dnat ct original daddr {address} oifname != "lxc*" snat to {here.address}' if announces else ""
    )
    return f"""
table ip captools_services {{
  chain choose {{
    type nat hook prerouting priority dstnat;
{chosen}
  }}
  chain hide {{
    type nat hook postrouting priority srcnat - 1;
{hidden}
  }}
}}
"""


def _lot(pods: Sequence[LabPod]) -> str:
    """Return one of the pods' addresses, each with the same chance; several serve on the service's own port."""
    if len(pods) == 1:
        return f"{pods[0].ip}:{pods[0].port}"
    choices = ", ".join(f"{number} : {pod.ip}" for number, pod in enumerate(pods))
    return f"numgen random mod {len(pods)} map {{ {choices} }}"


def balance(lab: Lab, address: str, backends: Backends) -> None:
    """Let pods' nodes and the announcing node give connections to ``address`` to backends; it answers ARP for it."""
    for node in NODES:
        announces = node.name == LEADER
        lab.machine(node.name).run(["nft", "-f", "-"], text=rules(node, address, backends, announces=announces))
    lab.machine(LEADER).batch([f"route add local {address} dev lo table local"])


def replaced_kube_proxy(lab: Lab) -> dict[str, Any]:
    """Return the ConfigMap of a cluster that balances so: by lot, on the node and not in a pod's sockets."""
    document = json.loads((lab.directory / "inventory" / "cilium-config.json").read_text(encoding="utf-8"))
    document["data"] |= {
        "kube-proxy-replacement": "true",
        "bpf-lb-algorithm": "random",
        "bpf-lb-mode": "snat",
        "bpf-lb-sock-hostns-only": "true",
    }
    found: dict[str, Any] = document
    return found
