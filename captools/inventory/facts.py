"""What one inventory file says, before it is merged with what the others say."""

from __future__ import annotations

from dataclasses import dataclass, field

from captools.model.arp import Arping
from captools.model.cluster import IpcacheEntry, Node, Service
from captools.model.hubble import HubbleFlow
from captools.model.routes import Gateway, ProxyRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFact:
    """What one file knows of one pod. Empty: this file does not say."""

    namespace: str = ""
    name: str = ""
    ip: str = ""
    node: str = ""
    host_ip: str = ""  # the address of its node
    identity: int | None = None
    identities: tuple[tuple[str, int], ...] = ()  # once merged: every file that tells one, and which
    labels: tuple[str, ...] = ()
    interface: str = ""
    host_network: bool | None = None
    moments: frozenset[str] = frozenset()  # once merged: whether files of the start, of the end, or both list it
    kube_labels: tuple[tuple[str, str], ...] = ()  # metadata.labels
    ifindex: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """One EndpointSlice: the ready addresses behind a service, and the numbers of its named ports."""

    namespace: str
    service: str
    addresses: tuple[str, ...] = ()
    ports: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFact:
    """One Service; ``named_ports`` are ports whose target is a name: (port, port's name, target's name)."""

    service: Service
    named_ports: tuple[tuple[int, str, str], ...] = ()


@dataclass(slots=True, kw_only=True)
class Facts:
    """Everything one file says."""

    nodes: list[Node] = field(default_factory=list)
    pods: list[PodFact] = field(default_factory=list)
    services: list[ServiceFact] = field(default_factory=list)
    backends: list[Backends] = field(default_factory=list)
    identities: dict[int, tuple[str, ...]] = field(default_factory=dict)
    ipcache: list[IpcacheEntry] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    # Kubernetes' own podCIDRs: Cilium uses them only in IPAM mode "kubernetes".
    kube_pod_cidrs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gateways: list[Gateway] = field(default_factory=list)
    routes: list[ProxyRoute] = field(default_factory=list)
    hubble: list[HubbleFlow] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)  # prefixes of load-balancer addresses
    arpings: list[Arping] = field(default_factory=list)
    leases: list[tuple[str, str]] = field(default_factory=list)  # of L2 announcements: (NAMESPACE-SERVICE, node)
    warnings: list[str] = field(default_factory=list)
