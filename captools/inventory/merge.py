"""One Cluster out of what several files say: facts are added up, contradictions become warnings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import replace

from captools.inventory import merge_nodes, merge_pods
from captools.inventory.facts import Backends, Facts, PodFact, ServiceFact
from captools.inventory.hubble import hubble_names
from captools.inventory.ledger import Ledger, Value
from captools.inventory.values import prefix
from captools.model.cluster import Cluster, IpcacheEntry, Node, Service

Reading = tuple[str, Facts]  # the file's name and what it says


def merge(readings: list[Reading], warnings: Iterable[str] = ()) -> Cluster:
    """Return the cluster that the files describe together."""
    ledger = Ledger()
    for warning in warnings:
        ledger.warn(warning)
    config = _config(readings, ledger)
    identities = _identities(readings, ledger)
    pod_facts = merge_pods.join(
        (merge_pods.Said(file=file, fact=fact) for file, facts in readings for fact in facts.pods), ledger
    )
    ipcache = _ipcache(readings)
    nodes = _nodes(readings, pod_facts, ipcache, config, ledger)
    hubble = tuple(replace(one, file=file) for file, facts in readings for one in facts.hubble)
    return Cluster(
        nodes=nodes,
        pods=merge_pods.finish(pod_facts, nodes, identities, ipcache, ledger),
        services=_services(readings),
        gateways=_first_of((one.full_name, one) for _, facts in readings for one in facts.gateways),
        routes=_first_of(((one.full_name, one.hosts), one) for _, facts in readings for one in facts.routes),
        identities=identities,
        config=config,
        ipcache=ipcache,
        hubble=hubble,
        pods_by_hubble=hubble_names(hubble),
        pools=tuple(dict.fromkeys(pool for _, facts in readings for pool in facts.pools)),
        arpings=tuple(replace(one, file=file) for file, facts in readings for one in facts.arpings),
        leases=tuple(dict.fromkeys(one for _, facts in readings for one in facts.leases)),
        warnings=ledger.warnings(),
    )


def _first_of(said: Iterable[tuple[Hashable, Value]]) -> tuple[Value, ...]:
    """Return one value per key: the first that was told."""
    found: dict[Hashable, Value] = {}
    for key, value in said:
        found.setdefault(key, value)
    return tuple(found.values())


def _nodes(
    readings: list[Reading],
    pods: list[PodFact],
    ipcache: tuple[IpcacheEntry, ...],
    config: dict[str, str],
    ledger: Ledger,
) -> tuple[Node, ...]:
    said: dict[str, list[tuple[str, Node]]] = defaultdict(list)
    for file, facts in readings:
        for part in facts.nodes:
            said[part.name].append((file, part))
    addresses = merge_pods.host_addresses(pods)
    kube = {name: cidrs for _, facts in readings for name, cidrs in facts.kube_pod_cidrs.items()}
    # With any other IPAM mode Kubernetes' own podCIDRs are allocated, but no pod has an address of them.
    kube_counts = config.get("ipam", "kubernetes") == "kubernetes"
    nodes = []
    for name, parts in said.items():
        node = merge_nodes.join(name, parts, ledger)
        node = replace(node, internal_ip=node.internal_ip or addresses.get(name, ""))
        node = merge_nodes.with_ipcache(merge_nodes.with_own_routes(node), ipcache)
        if not node.pod_cidrs and kube_counts:
            node = replace(node, pod_cidrs=kube.get(name, ()))
        nodes.append(node)
    return tuple(nodes)


def _identities(readings: list[Reading], ledger: Ledger) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for file, facts in readings:
        for identity, labels in facts.identities.items():
            found[identity] = ledger.settle(f"identity {identity}", "labels", labels, file)
    return found


def _config(readings: list[Reading], ledger: Ledger) -> dict[str, str]:
    found: dict[str, str] = {}
    for file, facts in readings:
        for key, value in facts.config.items():
            found[key] = ledger.settle("cilium-config", key, value, file)
    return found


def _ipcache(readings: list[Reading]) -> tuple[IpcacheEntry, ...]:
    """Return all entries, and the addresses of endpoints that no file names as a pod."""
    entries: list[IpcacheEntry] = []
    for _, facts in readings:
        entries.extend(facts.ipcache)
        entries.extend(
            IpcacheEntry(prefix=prefix(pod.ip), identity=pod.identity, labels=pod.labels, source="endpoint")
            for pod in facts.pods
            if not pod.name and pod.ip
        )
    return tuple(dict.fromkeys(entries))


def _services(readings: list[Reading]) -> tuple[Service, ...]:
    """Return services with the backends of their EndpointSlices; ports given by name get their number from there."""
    slices: dict[tuple[str, str], list[Backends]] = defaultdict(list)
    said: dict[tuple[str, str], ServiceFact] = {}
    for _, facts in readings:
        for one in facts.backends:
            slices[(one.namespace, one.service)].append(one)
        for fact in facts.services:
            said.setdefault((fact.service.namespace, fact.service.name), fact)
    found = []
    for key, fact in said.items():
        behind = slices.get(key, [])
        numbers = {name: port for one in behind for name, port in one.ports.items()}
        named = tuple((port, numbers[name]) for port, name, _ in fact.named_ports if name in numbers)
        backends = tuple(dict.fromkeys(address for one in behind for address in one.addresses))
        found.append(replace(fact.service, ports=fact.service.ports + named, backends=backends))
    return tuple(found)
