"""Pods and Services, as Kubernetes and Cilium know them."""

from __future__ import annotations

from dataclasses import dataclass

from captools.model.identities import taken_at_the_end


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod, with what Cilium knows of it."""

    namespace: str
    name: str
    ip: str
    node: str = ""
    identity: int | None = None
    labels: tuple[str, ...] = ()
    interface: str = ""  # its lxc device on the node
    host_network: bool = False
    identities: tuple[tuple[str, int], ...] = ()  # every file that tells its identity, and which
    kube_labels: tuple[tuple[str, str], ...] = ()  # its own in Kubernetes, which selectors look at
    ifindex: int | None = None  # of its lxc device on the node
    interface_by_route: bool = False  # ``interface`` is where the node's route leads: no endpoint list told it

    @property
    def full_name(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def identity_settled(self) -> bool:
        """Tell whether files from the start and from the end of the capture agree on the identity.

        Those from the end are named so: ``ciliumendpoints-stop.json``.
        """
        late = {told for file, told in self.identities if taken_at_the_end(file)}
        early = {told for file, told in self.identities if not taken_at_the_end(file)}
        return len(early) == 1 and early == late


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One Kubernetes Service with the addresses it answers on."""

    namespace: str
    name: str
    cluster_ips: tuple[str, ...] = ()
    vips: tuple[str, ...] = ()
    ports: tuple[tuple[int, int], ...] = ()  # (port, target port)
    backends: tuple[str, ...] = ()  # pod addresses
    node_ports: tuple[tuple[int, int], ...] = ()  # (port on every node, port)
    sticky: bool = False  # sessionAffinity: a client stays with its backend
    local_outside: bool = False  # externalTrafficPolicy Local: a node gives callers from outside its own backends only
    local_inside: bool = False  # internalTrafficPolicy Local: the same for callers inside
    selector: tuple[tuple[str, str], ...] = ()  # labels of the pods behind it; none where a proxy answers for it

    @property
    def full_name(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that are its own."""
        return self.cluster_ips + self.vips
