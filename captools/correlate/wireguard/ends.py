"""Ends: which node stands behind each address, and what the address is to the encryption of pod traffic."""

from __future__ import annotations

from enum import IntEnum
from ipaddress import ip_address

import numpy as np
import numpy.typing as npt

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.addresses import network
from captools.model.cluster import Cluster

Bools = npt.NDArray[np.bool_]
HEALTH_IDENTITY = 4  # reserved:health (FACTS, section 3)


class End(IntEnum):
    """What an address is to the encryption between nodes."""

    OTHER = 0
    COVERED = 1  # a pod, or an ingress address, which speaks for a pod's client (CVE-2024-28249 was that leak)
    NODE = 2  # the node itself: its InternalIP or cilium_host; in clear by design without node encryption
    HEALTH = 3  # a node's health endpoint


class Ends:
    """Places (nodes by name, or bare addresses) and kinds of all addresses of a packet table, by address code.

    The arrays have one element more than there are addresses, so that ABSENT selects ABSENT.
    """

    def __init__(self, rows: Sightings, cluster: Cluster) -> None:
        self.names: list[str] = []
        self._places: dict[str, int] = {}
        self._addresses = rows.addresses
        self._cluster = cluster
        count = len(rows.addresses) + 1
        self.underlay: Ints = np.full(count, ABSENT, np.int64)  # the node whose InternalIP it is
        self.owner: Ints = np.full(count, ABSENT, np.int64)  # the node that owns it in any way
        self.kind: Ints = np.full(count, End.OTHER, np.int64)
        self.known = bool(cluster.pods) or any(node.pod_cidrs for node in cluster.nodes)
        known = _Known(cluster)
        for code, address in enumerate(rows.addresses):
            under, owner, kind = known.of(address)
            self.kind[code] = kind
            if under:
                self.underlay[code] = self.place(under)
            if under or owner:
                self.owner[code] = self.place(under or owner)
        self._of_inventory = len(self.names)

    def place(self, name: str) -> int:
        """Return the number of a place, a new one where it has none yet."""
        if name not in self._places:
            self._places[name] = len(self.names)
            self.names.append(name)
        return self._places[name]

    def members(self) -> Bools:
        """Tell by place which are nodes of the cluster; the last element answers for ABSENT."""
        inside = {node.name for node in self._cluster.nodes if node.in_cluster}
        return np.array([name in inside for name in self.names] + [False])

    def of_datagrams(self, codes: Ints) -> Ints:
        """Return the places at the ends of datagrams; an address that is no node's stands for itself."""
        for code in np.unique(codes[(codes != ABSENT) & (self.underlay[codes] == ABSENT)]).tolist():
            self.underlay[code] = self.place(self._addresses[code])
        found: Ints = self.underlay[codes]
        return found

    def inventoried(self, places: Ints) -> Ints:
        """Return the places that the inventory names as they are, ABSENT for bare addresses."""
        return np.where(places < self._of_inventory, places, ABSENT)

    def name(self, place: int) -> str:
        """Return the name of a place, the empty string for none."""
        return "" if place == ABSENT else self.names[place]


class _Known:
    """The inventory's addresses as tables, so that each address of a capture costs a few look-ups only."""

    def __init__(self, cluster: Cluster) -> None:
        self.internal = {node.internal_ip: node.name for node in cluster.nodes if node.internal_ip}
        self.routers = {node.cilium_host: node.name for node in cluster.nodes if node.cilium_host}
        self.ingress = {node.ingress: node.name for node in cluster.nodes if node.ingress}
        self.pods = {pod.ip: pod.node for pod in cluster.pods if pod.ip and not pod.host_network}
        self.health = {entry.prefix.partition("/")[0] for entry in cluster.ipcache if entry.identity == HEALTH_IDENTITY}
        self.cidrs: dict[tuple[int, int], dict[int, str]] = {}
        for node in cluster.nodes:
            for cidr in node.pod_cidrs:
                try:
                    one = network(cidr)
                except ValueError:
                    continue  # an inventory's nonsense is no prefix
                places = self.cidrs.setdefault((one.version, one.max_prefixlen - one.prefixlen), {})
                places.setdefault(int(one.network_address) >> (one.max_prefixlen - one.prefixlen), node.name)

    def of(self, address: str) -> tuple[str, str, End]:
        """Return (node by underlay address, node by pod address, kind); empty names where there is none."""
        if address in self.ingress:
            return "", self.ingress[address], End.COVERED
        if address in self.routers:
            return "", self.routers[address], End.NODE
        if address in self.internal:
            return self.internal[address], "", End.NODE
        owner = self.pods.get(address) or self._by_cidr(address)
        if address in self.health:
            return "", owner, End.HEALTH
        return "", owner, End.COVERED if owner or address in self.pods else End.OTHER

    def _by_cidr(self, address: str) -> str:
        one = ip_address(address)
        number = int(one)
        for (version, shift), places in self.cidrs.items():
            if version == one.version and number >> shift in places:
                return places[number >> shift]
        return ""
