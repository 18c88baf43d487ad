"""What a node said of itself, as far as the plan needs it. Pure.

The full texts go into the session's inventory as they are; this reads names, kinds, addresses and routes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from captools.collect.clean import clean

_FILE = re.compile(r"[a-z0-9][A-Za-z0-9._-]{0,63}")  # as the agent calls its texts
MOST_TEXTS = 100
MAX_TEXTS = 64 * 1024 * 1024  # characters; an agent tells 6 MiB at most in one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One interface of the node."""

    name: str
    kind: str = ""  # linkinfo's info_kind: veth, vxlan, bridge, … ; "" for real hardware
    link_type: str = ""  # ether, loopback, none, …
    up: bool = True
    master: str = ""
    addresses: tuple[str, ...] = ()
    index: int = 0  # 0: not told
    peer: int = 0  # index of the other end of a veth or netkit pair, in the namespace where that lies


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLink:
    """An interface in another namespace of the node, a pod's eth0 as a rule (agent/peers.py)."""

    index: int
    peer: int  # the index of its other end
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRoute:
    """One route: prefix ("default" written out) and device."""

    prefix: str
    device: str
    table: str = "main"
    kind: str = "unicast"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """A node's own report (agent/facts.py), read."""

    hostname: str = ""
    system: str = ""
    euid: int = 0
    ssh_connection: str = ""
    sudo_said: str = ""
    tools: dict[str, str] = field(default_factory=dict)  # name -> version line
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[NodeRoute, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)  # inventory file name -> text
    libpcap: str = ""  # the version tcpdump was linked with; "" where it did not say
    peers: tuple[PeerLink, ...] | None = None  # None: the node was not asked


def read_facts(document: dict[str, Any]) -> NodeFacts:
    """Read the agent's greeting. What is missing or odd is left out: a node may lack any of these tools."""
    texts = read_texts(document.get("network"))
    tools = document.get("tools")
    versions = {str(k): str(v.get("version", "")) for k, v in tools.items()} if isinstance(tools, dict) else {}
    return NodeFacts(
        hostname=clean(str(document.get("hostname", ""))),
        system=clean(f"{document.get('system', '')}, python {document.get('python', '')}"),
        euid=document["euid"] if isinstance(document.get("euid"), int) else 0,
        ssh_connection=str(document.get("ssh_connection", "")),
        sudo_said=clean(str(document.get("sudo_said", ""))),
        tools=versions,
        interfaces=tuple(_interfaces(texts)),
        routes=tuple(_routes(texts.get("ip-route.json", ""))),
        texts=texts,
        libpcap=_libpcap(tools),
    )


def read_texts(network: object, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the texts of a report by file name, on top of those that are ``known``.

    Left out: names that no file of the agent has, and what goes beyond what a node can have to tell.
    """
    texts = dict(known or {})
    room = MAX_TEXTS - sum(map(len, texts.values()))
    for name, text in network.items() if isinstance(network, dict) else ():
        if not isinstance(text, str) or not _FILE.fullmatch(name) or (name not in texts and len(texts) >= MOST_TEXTS):
            continue
        room += len(texts.get(name, "")) - len(text)
        if room < 0:
            break
        # JSON may hold half of a character (a lone surrogate), which no file takes.
        texts[name] = text.encode("utf-8", "replace").decode()
    return texts


def _libpcap(tools: object) -> str:
    tcpdump = tools.get("tcpdump") if isinstance(tools, dict) else None
    return clean(str(tcpdump.get("libpcap", "")), 40) if isinstance(tcpdump, dict) else ""


def read_peers(document: dict[str, Any]) -> tuple[PeerLink, ...]:
    """Read the agent's answer to ``peers``; what is odd in it is left out."""
    rows = document.get("links")
    found = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        index, peer, addresses = row.get("index"), row.get("peer"), row.get("addresses")
        if isinstance(index, int) and isinstance(peer, int) and isinstance(addresses, list):
            texts = tuple(filter(None, (_canonical(one) for one in addresses if isinstance(one, str))))
            found.append(PeerLink(index=index, peer=peer, addresses=texts))
    return tuple(found)


def _first_key_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # iproute2 prints "dst" twice for an encapsulated route: first the prefix, then the tunnel's peer.
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def _objects(text: str) -> Iterable[dict[str, Any]]:
    """Give the objects of a JSON array; nothing where the text is none."""
    try:
        # Not strict: a name of an interface may hold control characters, which iproute2 prints as they are.
        rows = json.loads(text, object_pairs_hook=_first_key_wins, strict=False) if text else []
    except (ValueError, RecursionError):
        return ()
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else ()


def _interfaces(texts: dict[str, str]) -> Iterable[Interface]:
    addresses: dict[str, tuple[str, ...]] = {}
    for row in _objects(texts.get("ip-addr.json", "")):
        found = row.get("addr_info")
        entries = found if isinstance(found, list) else []
        addresses[str(row.get("ifname", ""))] = tuple(
            str(entry["local"]) for entry in entries if isinstance(entry, dict) and "local" in entry
        )
    for row in _objects(texts.get("ip-link.json", "")):
        name, info, flags = row.get("ifname"), row.get("linkinfo"), row.get("flags")
        if not isinstance(name, str) or not name:
            continue
        yield Interface(
            name=name,
            kind=str(info.get("info_kind", "")) if isinstance(info, dict) else "",
            link_type=str(row.get("link_type", "")),
            up="UP" in flags if isinstance(flags, list) else True,
            master=str(row.get("master", "")),
            addresses=addresses.get(name, ()),
            index=_index(row.get("ifindex")),
            peer=_index(row.get("link_index")),
        )


def _index(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _routes(text: str) -> Iterable[NodeRoute]:
    for row in _objects(text):
        prefix, device = str(row.get("dst", "")), row.get("dev")
        hops = row.get("nexthops")
        devices = [device] if isinstance(device, str) else []
        if isinstance(hops, list):
            devices += [str(hop["dev"]) for hop in hops if isinstance(hop, dict) and "dev" in hop]
        for one in devices:
            yield NodeRoute(
                prefix=prefix,
                device=one,
                table=str(row.get("table", "main")),
                kind=str(row.get("type", "unicast")),
            )


def devices_towards(facts: NodeFacts, destination: str) -> frozenset[str]:
    """Return every device with a route to ``destination`` (an address or a prefix), default routes left out.

    Any table counts: which one decides depends on the packet's mark and source, and a capture too many costs
    less than one too few.
    """
    try:
        wanted = ip_network(destination, strict=False)
    except ValueError:
        return frozenset()
    found = set()
    for route in facts.routes:
        if route.prefix in ("", "default") or route.kind not in ("unicast", "multipath") or route.table == "local":
            continue
        try:
            prefix = ip_network(route.prefix, strict=False)
        except ValueError:
            continue
        if prefix.version == wanted.version and prefix.prefixlen > 0 and wanted.network_address in prefix:
            found.add(route.device)
    return frozenset(found)


def default_devices(facts: NodeFacts) -> frozenset[str]:
    """Return the devices of the node's default routes."""
    return frozenset(r.device for r in facts.routes if r.prefix in ("default", "0.0.0.0/0", "::/0"))


def holder_of(facts: NodeFacts, address: str) -> frozenset[str]:
    """Return the interfaces that carry ``address``."""
    wanted = _canonical(address)
    return frozenset(
        one.name for one in facts.interfaces for own in one.addresses if wanted and _canonical(own) == wanted
    )


def _canonical(address: str) -> str:
    """Return the one spelling of an address; the empty string for anything else."""
    try:
        return str(ip_address(address.partition("%")[0]))
    except ValueError:
        return ""
