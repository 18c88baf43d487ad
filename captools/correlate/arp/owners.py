"""Whose MAC address is it: by the nodes' own links, by other nodes' neighbour tables, by what the machine asks itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from captools.correlate.arp.frames import ArpFrames, mac_name
from captools.correlate.sightings import Sightings
from captools.model.cluster import Cluster, Link, Node

# One address for several routers: VRRP and CARP (RFC 9568, section 7.3), HSRP 1 and 2, GLBP.
_VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:")


@dataclass(frozen=True, slots=True)
class Owners:
    """Answers whose a MAC address is: ``(node, interface)``, empty texts where it is nobody's alone."""

    _found: dict[str, tuple[str, str]]

    def of(self, mac: str) -> tuple[str, str]:
        """Return node and interface of a MAC address."""
        return self._found.get(mac, ("", ""))


def is_virtual(mac: str) -> bool:
    """Tell whether routers share this MAC address, so that it moves between machines without changing."""
    return mac.startswith(_VIRTUAL)


def owners(rows: Sightings, frames: ArpFrames, cluster: Cluster) -> Owners:
    """Return who owns which MAC address, as far as facts tell. A node's own links outweigh what others say of it."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    links: dict[str, list[tuple[Node, Link]]] = defaultdict(list)
    for node in cluster.nodes:
        for link in node.links:
            if link.mac and link.mac != "00:00:00:00:00:00":
                links[link.mac].append((node, link))
    for mac, several in links.items():
        # A bond, a bridge and a VLAN share the MAC address of the card below: the one with addresses is meant.
        several.sort(key=lambda one: not one[1].addresses)
        first = {node.name: link.name for node, link in reversed(several)}
        found[mac].update(first.items())
    by_address = _addresses(cluster)
    said: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for node in cluster.nodes:
        for one in node.neighbours:
            if one.mac and one.address in by_address:
                said[one.mac.lower()].add((by_address[one.address], ""))
    for name, node_name in by_address.items():
        code = rows.code_of_address(name)
        speakers = np.unique(frames.sender_mac[(frames.sender == code) & (frames.sender_mac != 0)]).tolist()
        if len(speakers) == 1:  # an address that two machines speak for names neither
            said[mac_name(speakers[0])].add((node_name, ""))
    for mac, names in said.items():
        if mac not in found and not is_virtual(mac):
            found[mac] = names
    return Owners({mac: next(iter(names)) for mac, names in found.items() if len(names) == 1})


def _addresses(cluster: Cluster) -> dict[str, str]:
    """Return the node of each address that only one node has, service addresses aside: those move."""
    owning: dict[str, set[str]] = defaultdict(set)
    for node in cluster.nodes:
        for address in {node.internal_ip, *(one for link in node.links for one in link.addresses)} - {""}:
            owning[address].add(node.name)
    moving = {vip for service in cluster.services for vip in service.vips}
    return {
        address: next(iter(names)) for address, names in owning.items() if len(names) == 1 and address not in moving
    }
