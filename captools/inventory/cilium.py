"""What Cilium's agent says: ``ip list``, ``bpf ipcache list``, ``identity list``, ``endpoint list``; text and JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from captools.inventory.facts import Facts, PodFact
from captools.inventory.values import (
    NotAsClaimed,
    address,
    at,
    clean,
    list_at,
    number,
    parse_json,
    prefix,
    text_at,
    texts_at,
)
from captools.model.cluster import IpcacheEntry
from captools.model.identities import RESERVED_IDENTITIES

_NUMBERS = {name: number for number, name in RESERVED_IDENTITIES.items()}
NAMESPACE_LABEL = "k8s:io.kubernetes.pod.namespace="
# An entry without a tunnel prints one of these.
_NO_TUNNEL = ("", "0.0.0.0", "::", "<nil>")


def _items(text: str) -> list[Any]:
    """Return the objects of a JSON list (a single object counts as a list of one)."""
    document = parse_json(text)
    if isinstance(document, dict):
        return [document]
    if not isinstance(document, list):
        raise NotAsClaimed("no JSON list, which is what cilium-dbg -o json prints")
    return document


def identity_of(labels: Iterable[str]) -> int | None:
    """Return the reserved identity that labels name; None for any other label set."""
    return next((_NUMBERS[label] for label in labels if label in _NUMBERS), None)


# cilium-dbg bpf ipcache list ------------------------------------------------------------------------------

_IPCACHE_ROW = re.compile(r"^\s*(?P<prefix>[0-9a-fA-F.:]+(?:/\d{1,3})?)\s+(?P<value>identity=\d+\b.*)$")


def read_ipcache_text(text: str, node: str) -> Facts:
    """Read ``bpf ipcache list`` and ``map get cilium_ipcache``; what follows the tunnel differs by version."""
    rows = (_IPCACHE_ROW.match(line) for line in text.splitlines())
    entries = [entry for row in rows if row for entry in _ipcache_entry(row["prefix"], row["value"])]
    if not entries:
        raise NotAsClaimed("no row of the form PREFIX identity=N")
    return Facts(ipcache=entries)


def read_ipcache_json(text: str, node: str) -> Facts:
    """Read ``bpf ipcache list -o json``: a map from prefix to a list of texts, parsed like the table's rows."""
    document = parse_json(text)
    if not isinstance(document, dict):
        raise NotAsClaimed("no JSON map from prefix to values")
    entries: list[IpcacheEntry] = []
    for key, values in document.items():
        for value in values if isinstance(values, list) else [values]:
            entries.extend(_ipcache_entry(clean(key), clean(value)))
    return Facts(ipcache=entries)


def _ipcache_entry(where: str, value: str) -> Iterator[IpcacheEntry]:
    pairs = dict(word.partition("=")[::2] for word in re.split(r"[\s,]+", value) if "=" in word)
    identity, network = number(pairs.get("identity")), prefix(where)
    if identity is None or not network:
        return
    tunnel = pairs.get("tunnelendpoint", "")
    yield IpcacheEntry(
        prefix=network,
        identity=identity,
        tunnel_endpoint="" if tunnel in _NO_TUNNEL else address(tunnel),
        encrypt_key=number(pairs.get("encryptkey")),
        source="ipcache",
    )


# cilium-dbg ip list ---------------------------------------------------------------------------------------

_LABEL = re.compile(r"^(reserved|k8s|cidr|cidrgroup|fqdn|container|unspec|any|node):\S+$")
# V/pkg/source/source.go: who told Cilium of an address
_SOURCES = ("custom-resource", "k8s", "kvstore", "local", "agent-local", "generated", "kube-apiserver", "clustermesh")


def read_ip_list_text(text: str, node: str) -> Facts:
    """Read ``cilium ip list`` (also ``-n`` and ``-v``): further labels of a prefix stand alone on the lines below."""
    rows: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        network = prefix(words[0])
        if network and len(words) > 1:
            rows.append((network, words[1:]))
        elif rows and line[:1].isspace() and _LABEL.match(words[0]):
            rows[-1][1].insert(0, words[0])
    entries = []
    for network, words in rows:
        labels = tuple(sorted(clean(word) for word in words if _LABEL.match(word)))
        identity = number(words[0]) if not labels else identity_of(labels)
        if not labels and identity is None:
            continue
        host = next(filter(None, map(address, words)), "")  # printed with -v only
        entries.append(
            IpcacheEntry(
                prefix=network,
                identity=identity,
                labels=labels,
                tunnel_endpoint="" if host in _NO_TUNNEL else host,
                source=next((word for word in words if word in _SOURCES), ""),
            )
        )
    if not entries:
        raise NotAsClaimed("no row of the form PREFIX IDENTITY")
    return Facts(ipcache=entries)


def read_ip_list_json(text: str, node: str) -> Facts:
    """Read ``cilium ip list -o json``: cidr, identity (a number), hostIP, encryptKey, metadata."""
    facts = Facts()
    for one in _items(text):
        network = prefix(at(one, "cidr"))
        if not network:
            continue
        host = address(at(one, "hostIP"))
        facts.ipcache.append(
            IpcacheEntry(
                prefix=network,
                identity=number(at(one, "identity")),
                tunnel_endpoint="" if host in _NO_TUNNEL else host,
                encrypt_key=number(at(one, "encryptKey")),
                source=text_at(one, "metadata", "source"),
            )
        )
        name, ip = text_at(one, "metadata", "name"), network.partition("/")[0]
        if name:
            namespace = text_at(one, "metadata", "namespace")
            facts.pods.append(
                PodFact(namespace=namespace, name=name, ip=ip, host_ip=host, identity=number(at(one, "identity")))
            )
    return facts


# cilium-dbg identity list ---------------------------------------------------------------------------------

_IDENTITY_ROW = re.compile(r"^(?P<id>\d+)\s+(?P<label>\S+)(\s+\d+)?\s*$")


def read_identities_text(text: str, node: str) -> Facts:
    """Read ``cilium-dbg identity list``: a number and a label, further labels alone on the lines below."""
    found: dict[int, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        row = _IDENTITY_ROW.match(line)
        identity = number(row["id"]) if row else None
        if row and identity is not None:
            current = found.setdefault(identity, [])
            current.append(clean(row["label"]))
        elif current is not None and line[:1].isspace() and line.split():
            current.append(clean(line.split()[0]))
    if not found:
        raise NotAsClaimed("no row of the form ID LABELS")
    return Facts(identities={identity: tuple(sorted(labels)) for identity, labels in found.items()})


def read_identities_json(text: str, node: str) -> Facts:
    """Read ``cilium-dbg identity list -o json``."""
    found = {number(at(one, "id")): texts_at(one, "labels") for one in _items(text)}
    return Facts(identities={key: tuple(sorted(labels)) for key, labels in found.items() if key is not None and labels})


# cilium-dbg endpoint list ---------------------------------------------------------------------------------

_ENDPOINT_ROW = re.compile(
    r"^(?P<id>\d+)\s+(?:Enabled|Disabled)\S*(?:\s\(\S+\))?\s+(?:Enabled|Disabled)\S*(?:\s\(\S+\))?"
    r"\s+(?P<identity>\d+)\s*(?P<rest>.*)$"
)
_ENDPOINT_STATES = (
    "ready", "not-ready", "regenerating", "waiting-to-regenerate", "waiting-for-identity", "disconnecting",
    "disconnected", "restoring", "invalid", "creating",
)  # fmt: skip


def read_endpoints_text(text: str, node: str) -> Facts:
    """Read ``cilium-dbg endpoint list``: one label per line, the first beside the endpoint's number."""
    rows: list[tuple[int, list[str], list[str]]] = []
    for line in text.splitlines():
        row = _ENDPOINT_ROW.match(line)
        identity = number(row["identity"]) if row else None
        if row and identity is not None:
            words = row["rest"].split()
            labels = [word for word in words if _LABEL.match(word)]
            rows.append((identity, labels, [ip for word in words if (ip := address(word))]))
        elif rows and line[:1].isspace() and len(line.split()) == 1 and line.split()[0] not in _ENDPOINT_STATES:
            rows[-1][1].append(line.strip())
    if not rows:
        raise NotAsClaimed("no row of the form ENDPOINT POLICY POLICY IDENTITY LABELS")
    facts = Facts()
    for identity, found, addresses in rows:
        clean_labels = tuple(sorted(filter(None, map(clean, found))))
        if clean_labels and identity not in RESERVED_IDENTITIES:
            facts.identities[identity] = clean_labels
        facts.pods.extend(_endpoint_pods(PodFact(node=node, identity=identity, labels=clean_labels), addresses))
    return facts


def read_endpoints_json(text: str, node: str) -> Facts:
    """Read ``cilium-dbg endpoint list -o json``: the one call that tells a pod's device on its node."""
    facts = Facts()
    for one in _items(text):
        status = at(one, "status")
        outside = at(status, "external-identifiers")
        identity = number(at(status, "identity", "id"))
        labels = tuple(sorted(texts_at(status, "identity", "labels")))
        joined = text_at(outside, "pod-name")  # "namespace/name"
        namespace = text_at(outside, "k8s-namespace") or (joined.partition("/")[0] if "/" in joined else "")
        name = text_at(outside, "k8s-pod-name") or joined.rpartition("/")[2]
        if identity is not None and labels and identity not in RESERVED_IDENTITIES:
            facts.identities[identity] = labels
        pod = PodFact(
            namespace=namespace,
            name=name,
            node=node,
            identity=identity,
            labels=labels,
            interface=text_at(status, "networking", "interface-name"),
            ifindex=number(at(status, "networking", "interface-index")) or None,
        )
        addressing = list_at(status, "networking", "addressing")
        addresses = [ip for pair in addressing for key in ("ipv4", "ipv6") if (ip := address(at(pair, key)))]
        facts.pods.extend(_endpoint_pods(pod, addresses))
    return facts


def _endpoint_pods(pod: PodFact, addresses: list[str]) -> Iterator[PodFact]:
    """Yield one fact per address. Endpoints of the node itself, of health and of ingress are no pods."""
    if pod.identity in RESERVED_IDENTITIES and not pod.name:
        return
    namespace = pod.namespace or next(
        (label.removeprefix(NAMESPACE_LABEL) for label in pod.labels if label.startswith(NAMESPACE_LABEL)), ""
    )
    for ip in addresses:
        yield replace(pod, namespace=namespace, ip=ip)
