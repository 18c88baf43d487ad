"""Identities: which numbers are those of workloads, and packets that carry another one than their sender's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from captools.model.evidence import Evidence

# V/pkg/identity/numericidentity.go:34-46 (FACTS, section 3)
RESERVED_IDENTITIES: dict[int, str] = {
    0: "reserved:unknown", 1: "reserved:host", 2: "reserved:world", 3: "reserved:unmanaged",
    4: "reserved:health", 5: "reserved:init", 6: "reserved:remote-node", 7: "reserved:kube-apiserver",
    8: "reserved:ingress", 9: "reserved:world-ipv4", 10: "reserved:world-ipv6",
}  # fmt: skip

# Identities that numbers alone tell apart: reserved, well-known and user-reserved ones end at 255, and ClusterMesh puts
# the cluster's id into the bits from 16 on (FACTS, sections 2 and 3).
_FIRST_OF_WORKLOADS, _CLUSTER_ID_SHIFT = 256, 16
AT_THE_END = "-stop"  # how the name of an inventory file ends that was taken at the end of the capture


def of_workload(identity: int) -> bool:
    """Tell whether an identity is that of a workload of this cluster: neither reserved nor another cluster's."""
    return identity >= _FIRST_OF_WORKLOADS and identity >> _CLUSTER_ID_SHIFT == 0


def taken_at_the_end(file: str) -> bool:
    """Tell whether an inventory file is of the end of the capture: ``k8s-w1__wg-stop.txt``, compressed or not.

    >>> taken_at_the_end("inventory/ciliumendpoints-stop.json.zst")
    True
    """
    name = PurePath(file).name.rpartition("__")[2]
    return name.partition(".")[0].endswith(AT_THE_END)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignIdentity:
    """Packets of the pod at ``src`` that left node ``sender`` for node ``receiver`` with another identity as VNI.

    ``sender`` and ``receiver`` are the nodes at the tunnel's ends. ``packets`` counts different packets; ``agreeing``
    those of the same pod on the same way that carry the identity the inventory tells.
    """

    src: str
    vni: int
    identity: int
    sender: str
    receiver: str
    packets: int
    agreeing: int
    dst: tuple[str, ...]
    points: tuple[str, ...]
    tunnel: str
    evidence: tuple[Evidence, ...] = ()
