"""What ``kubectl get`` prints for people: the tables of pods (``-owide``), nodes and ciliumendpoints."""

from __future__ import annotations

from captools.inventory.facts import Facts, PodFact
from captools.inventory.table import header_line, rows
from captools.inventory.values import NotAsClaimed, address, clean, number
from captools.model.cluster import Node

# A pod in one of these states no longer owns its address.
_OVER = ("Completed", "Error", "Evicted", "Succeeded", "Failed", "OOMKilled", "ContainerStatusUnknown")

PODS_HEADER = ("NAME", "READY", "STATUS", "IP", "NODE")
NODES_HEADER = ("NAME", "STATUS", "ROLES", "VERSION")
ENDPOINTS_HEADER = ("NAME", "ENDPOINT STATE", "IPV4")


def _header(text: str, words: tuple[str, ...]) -> str:
    found = header_line(text, *words)
    if not found:
        raise NotAsClaimed(f"no header line with {', '.join(words)}")
    return found


def read_pods(text: str, node: str) -> Facts:
    """Read ``kubectl get pods -owide``, with ``-A`` or without: then the namespace is not known."""
    facts = Facts()
    for row in rows(text, _header(text, PODS_HEADER)):
        name, where, ip = clean(row["NAME"]), clean(row["NODE"]), address(row["IP"])
        if where and where != "<none>":
            facts.nodes.append(Node(name=where, in_cluster=True))
        if name and ip and row["STATUS"] not in _OVER:
            facts.pods.append(
                PodFact(namespace=clean(row.get("NAMESPACE")), name=name, ip=ip, node=where.replace("<none>", ""))
            )
    return facts


def read_nodes(text: str, node: str) -> Facts:
    """Read ``kubectl get nodes``; the InternalIP only with ``-owide``."""
    facts = Facts()
    for row in rows(text, _header(text, NODES_HEADER)):
        name = clean(row["NAME"])
        if name:
            facts.nodes.append(Node(name=name, internal_ip=address(row.get("INTERNAL-IP")), in_cluster=True))
    return facts


def read_cilium_endpoints(text: str, node: str) -> Facts:
    """Read ``kubectl get ciliumendpoints``; the identity's column was renamed over the versions."""
    facts = Facts()
    for row in rows(text, _header(text, ENDPOINTS_HEADER)):
        identity = number(row.get("SECURITY IDENTITY") or row.get("IDENTITY ID"))
        for ip in filter(None, (address(row["IPV4"]), address(row.get("IPV6")))):
            facts.pods.append(
                PodFact(
                    namespace=clean(row.get("NAMESPACE")),
                    name=clean(row["NAME"]),
                    ip=ip,
                    identity=identity,
                    host_network=False,
                )
            )
    return facts
