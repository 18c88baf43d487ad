"""What a file is, by its content: people save the output of one command under any name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from captools.inventory import arping, cilium, hubble, kubectl_text, kubernetes, linux, status, wireguard
from captools.inventory.facts import Facts
from captools.inventory.table import header_line
from captools.model.points import point_of_file

HEAD = 65_536  # characters looked at: enough for the first object of every JSON list
FIRST_LINES = 5  # a pasted output may begin with the prompt and a header


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of file; ``of_node`` where its content does not say which node it is about, so its name must."""

    name: str
    read: Callable[[str, str], Facts]
    of_node: bool = False


def _nothing(text: str, node: str) -> Facts:
    return Facts()


_KUBECTL = Kind(name="kubectl get -o json", read=kubernetes.read_kubectl_json)
_IPCACHE_JSON = Kind(name="cilium-dbg bpf ipcache list -o json", read=cilium.read_ipcache_json)
_HUBBLE = Kind(name="hubble observe", read=hubble.read_compact)
_HUBBLE_JSON = Kind(name="hubble observe -o jsonpb", read=hubble.read_jsonpb)
_EMPTY = Kind(name="an output with nothing in it", read=_nothing)

# Keys that an element of the list must have, all of them; the first kind that fits wins.
_LISTS: tuple[tuple[tuple[str, ...], Kind], ...] = (
    (('"external-identifiers"',), Kind(name="cilium-dbg endpoint list -o json", read=cilium.read_endpoints_json)),
    (('"cidr"', '"identity"'), Kind(name="cilium ip list -o json", read=cilium.read_ip_list_json)),
    (('"ifname"', '"ifindex"'), Kind(name="ip -d -j link or ip -j addr", read=linux.read_links, of_node=True)),
    (('"priority"', '"src"'), Kind(name="ip -j rule", read=linux.read_rules, of_node=True)),
    (('"dst"', '"state"'), Kind(name="ip -j neigh", read=linux.read_neighbours, of_node=True)),
    (('"dst"', '"flags"'), Kind(name="ip -j route", read=linux.read_routes_json, of_node=True)),
    (('"id"', '"labels"'), Kind(name="cilium-dbg identity list -o json", read=cilium.read_identities_json)),
)

_TABLES: tuple[tuple[tuple[str, ...], Kind], ...] = (
    (kubectl_text.ENDPOINTS_HEADER, Kind(name="kubectl get ciliumendpoints", read=kubectl_text.read_cilium_endpoints)),
    (kubectl_text.PODS_HEADER, Kind(name="kubectl get pods -owide", read=kubectl_text.read_pods)),
    (kubectl_text.NODES_HEADER, Kind(name="kubectl get nodes", read=kubectl_text.read_nodes)),
)

_PREFIX = r"(?:\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]*:[0-9a-fA-F:.]*)(?:/\d+)?"
_LABEL = r"(?:reserved|k8s|cidr|cidrgroup|fqdn|container|unspec):"
_REFUSALS = "unreachable|prohibit|blackhole|throw"
_KINDS = "unicast|local|broadcast|multicast|anycast|nat"
_ROWS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (arping.BEGINNING, Kind(name="arping", read=arping.read_arping)),
    (
        re.compile(r"^(?:KVStore|Kubernetes|Kubernetes APIs|KubeProxyReplacement):\s+\S"),
        Kind(name="cilium-dbg status --verbose", read=status.read_status, of_node=True),
    ),
    (
        re.compile(rf"^{_PREFIX}\s+identity=\d+"),
        Kind(name="cilium-dbg bpf ipcache list", read=cilium.read_ipcache_text),
    ),
    (
        re.compile(r"^(?:ENDPOINT\s+POLICY \(ingress\)|\d+\s+(?:Enabled|Disabled)\b)"),
        Kind(name="cilium-dbg endpoint list", read=cilium.read_endpoints_text),
    ),
    (
        re.compile(rf"^(?:ID\s+LABELS|\d+\s+{_LABEL})"),
        Kind(name="cilium-dbg identity list", read=cilium.read_identities_text),
    ),
    (
        re.compile(rf"^(?:IP\s+IDENTITY\b|{_PREFIX}\s+(?:{_LABEL}|\d+\s+\S+\s*$))"),
        Kind(name="cilium ip list", read=cilium.read_ip_list_text),
    ),
    (
        re.compile(
            rf"^(?:(?:{_REFUSALS})\s+{_PREFIX}\b|(?:(?:{_KINDS})\s+)?(?:default|{_PREFIX})\s+(?:via|dev|encap|nhid|proto)\s)"
        ),
        Kind(name="ip route", read=linux.read_routes_text, of_node=True),
    ),
)
# ngrep's log begins with "interface:" too, but goes on with its filter.
_WG = re.compile(r"\s*interface: \S+\s*\n(?:\s+.*\n)*?\s+(?:public key|private key|listening port|peer): ?")
_WG_SHOW = Kind(name="wg show", read=wireguard.read_wg_show, of_node=True)
_NODE_FILES = ("ip-link", "ip-addr", "ip-rule", "ip-route", "ip-neigh", "wg")


def recognise(name: str, text: str) -> Kind | None:
    """Return what the file is; None where it is no inventory. Looks at the first 64 K characters only."""
    head = text[:HEAD].lstrip("\ufeff").lstrip()
    if head in ("", "[]", "{}", "[{}]"):
        place = point_of_file(base_name(name))
        return _EMPTY if place is not None and place.interface in _NODE_FILES else None
    if head[0] == "{":
        if re.match(r'\{\s*"flow"\s*:\s*\{', head):
            return _HUBBLE_JSON
        if '"apiVersion"' in head:
            return _KUBECTL
        return _IPCACHE_JSON if re.match(r'\{\s*"[0-9a-fA-F.:]+/\d+"\s*:\s*\[?\s*"identity=', head) else None
    if re.match(r"\[\s*\{", head):
        return next((kind for keys, kind in _LISTS if all(key in head for key in keys)), None)
    return _recognise_text(head)


def _recognise_text(head: str) -> Kind | None:
    if _WG.match(head):
        return _WG_SHOW
    lines = head.splitlines()[:FIRST_LINES]
    if any(hubble.LINE.match(line[:1_000].strip()) for line in lines):
        return _HUBBLE
    for words, kind in _TABLES:
        if header_line("\n".join(lines), *words):
            return kind
    for pattern, kind in _ROWS:
        if any(pattern.match(line[:1_000]) for line in lines):
            return kind
    return None


def base_name(name: str) -> str:
    """Return the last part of a path: the folder a file lies in says nothing about its node."""
    return name.replace("\\", "/").rpartition("/")[2]
