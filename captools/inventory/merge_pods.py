"""Pods out of what several files say of them: names from kubectl, identities and devices from Cilium."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from captools.inventory.facts import PodFact
from captools.inventory.ledger import Ledger, Value
from captools.inventory.merge_nodes import pod_device
from captools.inventory.values import host_of
from captools.model.addresses import contains
from captools.model.cluster import IpcacheEntry, Node, Pod
from captools.model.identities import taken_at_the_end

START, END = "start", "end"  # of the capture
Key = tuple[str, str, str]  # namespace, name, address: a dual-stack pod is two rows
# kubectl without -n and -A lists the namespace of its context, which is this one unless it was changed.
NAMESPACE_UNSAID = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One fact and its file."""

    file: str
    fact: PodFact


def join(said: Iterable[Said], ledger: Ledger) -> list[PodFact]:
    """Return one fact per pod address; facts without a name are merged into the pod that owns the address."""
    groups: dict[Key, list[Said]] = defaultdict(list)
    nameless: list[Said] = []
    unspaced: list[Said] = []
    for one in said:
        fact = one.fact
        if not fact.ip:
            continue
        if not fact.name:
            nameless.append(one)
        elif not fact.namespace:
            unspaced.append(one)
        else:
            groups[(fact.namespace, fact.name, fact.ip)].append(one)
    for one in unspaced:
        known = [key for key in groups if key[1:] == (one.fact.name, one.fact.ip)]
        groups[known[0] if known else (NAMESPACE_UNSAID, one.fact.name, one.fact.ip)].append(one)
    owners: dict[str, list[Key]] = defaultdict(list)
    for key in groups:
        owners[key[2]].append(key)
    for one in nameless:
        if len(owners[one.fact.ip]) == 1:
            groups[owners[one.fact.ip][0]].append(one)
    return [_fold(key, group, ledger) for key, group in groups.items()]


def _fold(key: Key, group: list[Said], ledger: Ledger) -> PodFact:
    namespace, name, ip = key
    subject = f"pod {namespace}/{name} ({ip})"
    moments = frozenset(END if taken_at_the_end(one.file) else START for one in group)
    fact = PodFact(namespace=namespace, name=name, ip=ip, moments=moments)
    for one in group:
        file, new = one.file, one.fact
        fact = replace(
            fact,
            node=ledger.settle(subject, "node", new.node, file) or fact.node,
            host_ip=ledger.settle(subject, "node address", new.host_ip, file) or fact.host_ip,
            identity=_first(ledger.settle(subject, "identity", new.identity, file), fact.identity),
            identities=fact.identities + (((file, new.identity),) if new.identity is not None else ()),
            labels=fact.labels or new.labels,
            kube_labels=fact.kube_labels or new.kube_labels,
            ifindex=_first(fact.ifindex, new.ifindex),
            interface=ledger.settle(subject, "device", new.interface, file) or fact.interface,
            host_network=_first(fact.host_network, new.host_network),
        )
    return fact


def _changed_hands(told: Mapping[str, frozenset[str]]) -> str:
    """Return ``a at the start and b at the end`` where the lists of the capture itself say so; else ""."""
    early = [one for one, when in told.items() if when == {START}]
    late = [one for one, when in told.items() if when == {END}]
    if len(early) != 1 or len(late) != 1 or len(told) != 2:
        return ""
    return f"{early[0]} at the start and {late[0]} at the end"


def _first(one: Value | None, other: Value | None) -> Value | None:
    return one if one is not None else other


def host_addresses(facts: Iterable[PodFact]) -> dict[str, str]:
    """Return node name -> its address, as pods tell it.

    ``status.hostIP`` is the node's address. Where only the printed table is at hand: pods on one node that
    share one address are in the host network, and their address is the node's.
    """
    facts = list(facts)
    found: dict[str, str] = {}
    for fact in facts:
        if fact.node and fact.host_ip:
            found.setdefault(fact.node, fact.host_ip)
    for node, ip in sorted(_shared(facts)):
        found.setdefault(node, ip)
    return found


def _shared(facts: Iterable[PodFact]) -> set[tuple[str, str]]:
    names: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for fact in facts:
        if fact.node and fact.host_network is not False:
            for when in fact.moments or (START,):  # one after the other is not shared
                names[(fact.node, fact.ip, when)].add(f"{fact.namespace}/{fact.name}")
    return {where[:2] for where, pods in names.items() if len(pods) > 1}


def finish(
    facts: list[PodFact],
    nodes: Iterable[Node],
    identities: Mapping[int, tuple[str, ...]],
    ipcache: Iterable[IpcacheEntry],
    ledger: Ledger,
) -> tuple[Pod, ...]:
    """Return the pods, completed by what nodes, identities and the ipcache say of their addresses."""
    nodes = list(nodes)
    by_address = {node.internal_ip: node for node in nodes if node.internal_ip}
    by_name = {node.name: node for node in nodes}
    devices = {node.name: _devices(node) for node in nodes}
    # Reversed, so that of two entries the first one told counts: that of the start.
    cached = {host: entry for entry in reversed(tuple(ipcache)) if (host := host_of(entry.prefix))}
    numbers = {labels: identity for identity, labels in identities.items()}
    shared = _shared(facts)
    pods = []
    for fact in facts:
        home = by_name.get(fact.node) or by_address.get(fact.host_ip)
        node = fact.node or (home.name if home else "")
        host_network = fact.host_network is True or (
            fact.host_network is None and ((node, fact.ip) in shared or fact.ip in by_address)
        )
        entry = None if host_network else cached.get(fact.ip)
        identity = _first(fact.identity, entry.identity if entry else None)
        labels = fact.labels or identities.get(identity or 0, ()) or (entry.labels if entry else ())
        identity = _first(identity, numbers.get(labels))
        device = "" if host_network else fact.interface or devices.get(node, {}).get(fact.ip, "")
        pods.append(
            Pod(
                namespace=fact.namespace, name=fact.name, ip=fact.ip, node=node, identity=identity, labels=labels,
                interface=device, host_network=host_network, identities=fact.identities,
                kube_labels=fact.kube_labels, ifindex=None if host_network else fact.ifindex,
                interface_by_route=bool(device) and not fact.interface,
            )
        )  # fmt: skip
    _warn_of_doubles(pods, [fact.moments for fact in facts], nodes, ledger)
    return tuple(pods)


def _devices(node: Node) -> dict[str, str]:
    """Return pod address -> device by the node's routes; an address whose device changed meanwhile has none."""
    early = dict(filter(None, map(pod_device, node.routes)))
    late = dict(filter(None, map(pod_device, node.routes_at_end or ())))
    return {ip: dev for ip, dev in {**late, **early}.items() if late.get(ip, dev) == dev}


def _warn_of_doubles(pods: list[Pod], moments: list[frozenset[str]], nodes: list[Node], ledger: Ledger) -> None:
    """Two pods with one address, or one pod with two: it changed hands during the capture, or files are of other times.

    ``moments`` tell of each pod when it was listed with its address (PodFact.moments).
    """
    owners: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    addresses: dict[tuple[str, int], dict[str, frozenset[str]]] = defaultdict(dict)
    for pod, when in zip(pods, moments, strict=True):
        if not pod.host_network:
            owners[pod.ip][pod.full_name] = when
        addresses[(pod.full_name, 6 if ":" in pod.ip else 4)][pod.ip] = when
    for ip, names in owners.items():
        if len(names) > 1:
            told = _changed_hands(names)
            ledger.warn(
                f"{ip} was the address of {told} of the capture; its packets are not taken for either's"
                if told
                else f"{ip} is the address of {' and '.join(list(names)[:3])}; "
                "the files are of different moments, take them again"
            )
    for (name, _), ips in addresses.items():
        if len(ips) > 1:
            told = _changed_hands(ips)
            ledger.warn(
                f"pod {name} had the address {told} of the capture"
                if told
                else f"pod {name} has the addresses {' and '.join(list(ips)[:3])}; the files are of different moments"
            )
    for pod in pods:
        if pod.host_network and any(contains(cidr, pod.ip) for node in nodes for cidr in node.pod_cidrs):
            ledger.warn(f"pod {pod.full_name} is in the host network, but its address {pod.ip} lies in a pod CIDR")
