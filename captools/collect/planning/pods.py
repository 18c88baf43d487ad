"""Which pods are meant, and which device of the node each is plugged into. Pure.

A device is found by whatever is there: Cilium's endpoint list (its name, or its index), the node's own route to the
pod's address, or the other end of the pod's own card as the agent sees it on the node. The plan says which way it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import ip_address

from captools.collect.facts import NodeFacts
from captools.collect.planning.selectors import parse_selector, selects
from captools.model.addresses import network
from captools.model.cluster import Cluster, Pod, Service
from captools.model.errors import UsageError
from captools.model.points import Role, role_of

_SHOWN = 12  # names listed in an error
# Devices that lead to many pods, or to other nodes: a route through them names no pod's own.
_SHARED = (Role.HOST, Role.TUNNEL, Role.WIREGUARD, Role.NIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodWish:
    """Pods as a user names them. ``pods`` are NS/NAME, ``services`` NS/NAME, both may be globs in the name.

    ``selectors`` are label selectors, each of which adds pods; ``namespace`` limits them ("" all), and completes
    names given without one.
    """

    pods: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    namespace: str = ""

    def __bool__(self) -> bool:
        return bool(self.pods or self.selectors or self.services)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A pod's device on its node, and how it was found."""

    name: str
    how: str


def wanted_pods(cluster: Cluster, wish: PodWish) -> dict[str, str]:
    """Return the full name of every pod that is meant, and by which wish; UsageError where one means nothing."""
    found: dict[str, str] = {}
    for name in wish.pods:
        for pod in named(cluster, name, wish.namespace):
            found.setdefault(pod, f"--pod {name}")
    for text in wish.selectors:
        wanted = parse_selector(text)
        fits = [
            pod.full_name
            for pod in cluster.pods
            if (not wish.namespace or pod.namespace == wish.namespace) and selects(wanted, labels_of(pod))
        ]
        if not fits:
            where = f" in namespace {wish.namespace}" if wish.namespace else ""
            raise UsageError(f"no pod{where} fits the selector {text!r}", hint=_known(cluster))
        for full_name in fits:
            found.setdefault(full_name, f"--selector {text}")
    for name in wish.services:
        for service in services_named(cluster, name, wish.namespace):
            for full_name in pods_behind(cluster, service):
                found.setdefault(full_name, f"--service {service.full_name}")
    return found


def named(cluster: Cluster, name: str, namespace: str = "") -> tuple[str, ...]:
    """Return the full names of the pods called ``NS/NAME`` or fitting it as a glob; UsageError where there is none."""
    space, slash, rest = name.partition("/")
    if not slash:
        space, rest = namespace or "*", name
    exact = tuple(dict.fromkeys(pod.full_name for pod in cluster.pods if pod.full_name == name))
    fits = exact or tuple(
        dict.fromkeys(
            pod.full_name for pod in cluster.pods if fnmatchcase(pod.namespace, space) and fnmatchcase(pod.name, rest)
        )
    )
    if not fits:
        raise UsageError(f"no pod {name!r} in the inventory", hint=_known(cluster))
    if not slash and not namespace and len({one.partition("/")[0] for one in fits}) > 1:
        listed = ", ".join(fits[:_SHOWN])
        raise UsageError(f"several namespaces have a pod {name!r}: {listed}", hint="write NS/NAME, or add -n NS")
    return fits


def labels_of(pod: Pod) -> dict[str, str]:
    """Return a pod's labels: its own where they are known, else those Cilium took over into its identity."""
    if pod.kube_labels:
        return dict(pod.kube_labels)
    return dict(label.removeprefix("k8s:").partition("=")[::2] for label in pod.labels if label.startswith("k8s:"))


def services_named(cluster: Cluster, name: str, namespace: str = "") -> tuple[Service, ...]:
    """Return the services called ``NS/NAME`` or fitting it as a glob; UsageError where there is none."""
    space, slash, rest = name.partition("/")
    if not slash:
        space, rest = namespace or "*", name
    fits = tuple(one for one in cluster.services if fnmatchcase(one.namespace, space) and fnmatchcase(one.name, rest))
    if not fits:
        known = ", ".join(one.full_name for one in cluster.services[:_SHOWN]) or "none"
        raise UsageError(
            f"no service {name!r} in the inventory",
            hint=f"known services: {known}; --inventory adds kubectl's output, --kubectl asks the cluster",
        )
    return fits


def pods_behind(cluster: Cluster, service: Service) -> tuple[str, ...]:
    """Return the pods behind a service, by its EndpointSlices, else by its selector; UsageError where none is known."""
    by_address = [pod for pod in map(cluster.pod_of, service.backends) if pod is not None]
    hosts = [pod for pod in cluster.pods if pod.host_network and pod.ip in service.backends and _selected(service, pod)]
    found = [*by_address, *hosts] or [pod for pod in cluster.pods if _selected(service, pod)]
    if not found:
        why = "its backends are no pods of the inventory" if service.backends else "it has no ready backend"
        if not service.backends and not service.selector:
            why = "it has no selector: a proxy answers for it"
        raise UsageError(
            f"no pod behind service {service.full_name} is known: {why}",
            hint="follow a call with --request 'http://ADDRESS/path', or name pods with --pod",
        )
    return tuple(dict.fromkeys(pod.full_name for pod in found))


def _selected(service: Service, pod: Pod) -> bool:
    labels = labels_of(pod)
    fits = all(labels.get(key) == value for key, value in service.selector)
    return bool(service.selector) and pod.namespace == service.namespace and fits


def rows_of(cluster: Cluster, full_name: str) -> tuple[Pod, ...]:
    """Return the rows of one pod: one per address."""
    return tuple(pod for pod in cluster.pods if pod.full_name == full_name)


def device_of(rows: Sequence[Pod], facts: NodeFacts) -> Device | None:
    """Return the device of one pod on this node; None where nothing tells."""
    names = {one.name for one in facts.interfaces}
    for pod in rows:
        if pod.interface in names and not pod.interface_by_route:
            return Device(name=pod.interface, how="Cilium's endpoint list names it")
    by_index = {one.index: one.name for one in facts.interfaces if one.index}
    for pod in rows:
        if pod.ifindex in by_index:
            return Device(name=by_index[pod.ifindex], how=f"Cilium's endpoint list gives its index {pod.ifindex}")
    for pod in rows:
        if routed := host_route_devices(facts, pod.ip):
            return Device(name=routed[0], how=f"the node's route to {pod.ip} leads there")
    for pod in rows:
        if found := _by_peer(facts, pod.ip):
            return Device(name=found, how=f"the pod's own interface with {pod.ip} has it as its other end")
    return None


def host_route_devices(facts: NodeFacts, address: str) -> tuple[str, ...]:
    """Return the one device that routes for exactly this address lead to; nothing where several do."""
    kinds = {one.name: one for one in facts.interfaces}
    found = dict.fromkeys(
        route.device
        for route in facts.routes
        if route.kind == "unicast"
        and route.table != "local"
        and route.device in kinds
        and role_of(route.device, kinds[route.device].kind) not in _SHARED
        and _is_host_route(route.prefix, address)
    )
    return tuple(found) if len(found) == 1 else ()


def _is_host_route(prefix: str, address: str) -> bool:
    try:
        wanted = ip_address(address)
        found = network(prefix)
    except ValueError:
        return False
    return found.version == wanted.version and found.prefixlen == wanted.max_prefixlen and wanted in found


def _by_peer(facts: NodeFacts, address: str) -> str:
    """Return the interface that is the other end of the one that has ``address``: each names the other's index."""
    by_index = {one.index: one for one in facts.interfaces if one.index}
    for link in facts.peers or ():
        ours = by_index.get(link.peer)
        if address in link.addresses and ours is not None and ours.peer in (link.index, 0):
            return ours.name
    return ""


def without_device(rows: Iterable[Pod], facts: NodeFacts) -> bool:
    """Tell whether only the agent can still tell a pod's device: it has one, and nothing known names it."""
    rows = tuple(rows)
    return any(not pod.host_network for pod in rows) and device_of(rows, facts) is None


def _known(cluster: Cluster) -> str:
    known = ", ".join(dict.fromkeys(pod.full_name for pod in cluster.pods)) or "none"
    if len(known) > 600:
        known = known[:600].rpartition(",")[0] + " …"
    return f"known pods: {known}; --inventory adds kubectl's output, --kubectl asks the cluster"
