"""Which interfaces of a node play which role (DESIGN, section 6: by role, not by name). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from captools.collect.facts import Interface, NodeFacts, default_devices, devices_towards, holder_of
from captools.model.cluster import Cluster
from captools.model.points import Role, role_of

_HARDWARE_LIKE = frozenset(("", "veth", "vlan", "bond", "team", "macvlan", "ipvlan"))
DEFAULT_ROLES = (Role.NIC, Role.TUNNEL, Role.WIREGUARD, Role.PODS)


def has_cilium(facts: NodeFacts) -> bool:
    """Tell whether this machine runs Cilium's datapath."""
    return any(one.name.startswith(("cilium_", "lxc")) for one in facts.interfaces)


def is_physical(one: Interface) -> bool:
    """Tell whether an interface is a way out of the machine.

    A veth counts unless it is a bridge's port: a node that is itself a container or a namespace has its
    network cards as veths. A bond's members are left out in favour of the bond.
    """
    if one.link_type not in ("ether", "") or one.name == "lo" or one.kind not in _HARDWARE_LIKE:
        return False
    if role_of(one.name, one.kind) not in (Role.NIC, Role.OTHER):
        return False
    # A real network card that is a bridge's port stays the machine's way out.
    return not one.master or (one.kind == "" and one.master.startswith(("br", "vmbr", "ovs")))


def _nics(facts: NodeFacts, cluster: Cluster, node_name: str) -> Iterable[Interface]:
    physical = [one for one in facts.interfaces if is_physical(one)]
    others = [node for node in cluster.nodes if node.in_cluster or node.internal_ip]
    if not has_cilium(facts) or not others:
        return physical
    wanted = set(default_devices(facts))
    for node in others:
        if node.name == node_name:
            wanted |= holder_of(facts, node.internal_ip)
            continue
        for destination in (node.internal_ip, *node.pod_cidrs):
            wanted |= devices_towards(facts, destination)
    chosen = [one for one in physical if one.name in wanted]
    # An inventory that knows none of this node's networks decides nothing.
    return chosen or physical


def interfaces_by_role(facts: NodeFacts, role: Role, cluster: Cluster, node_name: str) -> tuple[str, ...]:
    """Return the interfaces of ``role`` that are up, in the node's own order. ``any`` is tcpdump's pseudo device."""
    if role is Role.ANY:
        return ("any",)
    if role is Role.NIC:
        return tuple(one.name for one in _nics(facts, cluster, node_name) if one.up)
    return tuple(one.name for one in facts.interfaces if one.up and role_of(one.name, one.kind) is role)


def role_of_interface(facts: NodeFacts, name: str) -> Role:
    """Return the role written beside a point: what the interface is, whatever made us choose it."""
    one = next((one for one in facts.interfaces if one.name == name), None)
    if one is None:
        return role_of(name)
    role = role_of(one.name, one.kind)
    return Role.NIC if role is Role.OTHER and is_physical(one) else role
