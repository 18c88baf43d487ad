"""How a service's backends are chosen, as the inventory tells it: by lot, in turn, by client, or each node its own."""

from __future__ import annotations

from dataclasses import dataclass

from captools.model.cluster import Cluster, Service
from captools.model.services import Policy

_REPLACED = ("true", "strict")  # else kube-proxy chooses, by lot (iptables) or in turn (ipvs)
_DEFAULT = "random"  # what Cilium chooses by where nothing is set
_ALGORITHM = ("bpf-lb-algorithm", "node-port-algorithm")  # the names that the key had
_BY_LOT = ("random", "maglev")  # Maglev hashes addresses and ports: a lot for clients that take any port


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """A policy, where it is known from, and what each backend's part should be (equal where empty)."""

    policy: Policy
    why: str


def choosing(cluster: Cluster, service: Service | None, *, inside: bool) -> Choosing:
    """Return how connections to a service are given to backends; ``inside``: the callers are of the cluster."""
    if service is not None and service.sticky:
        return Choosing(policy=Policy.STICKY, why=f"sessionAffinity of {service.full_name} is ClientIP")
    if service is not None and (service.local_inside if inside else service.local_outside):
        traffic = "internalTrafficPolicy" if inside else "externalTrafficPolicy"
        return Choosing(policy=Policy.LOCAL, why=f"{traffic} of {service.full_name} is Local")
    config = cluster.config
    if config.get("kube-proxy-replacement") in _REPLACED:
        named = next((config[key] for key in _ALGORITHM if config.get(key)), _DEFAULT)
        if named in _BY_LOT:
            return Choosing(policy=Policy.RANDOM, why=f"cilium-config: load-balancing algorithm {named}")
    return Choosing(policy=Policy.UNKNOWN, why="assumed: no inventory tells how backends are chosen")
