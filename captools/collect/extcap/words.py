"""What Wireshark is told of nodes and points: the sentences of its extcap interface. Pure.

Source: extcap(4) and doc/extcap.adoc of Wireshark. One line for each thing, ``{key=value}`` after a keyword.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from captools.collect.request import ROLE_NAMES

EVERY = "captools"  # the interface that stands for several nodes
PREFIX = "captools-"
MOST_NODES = 24  # with an interface of their own: Wireshark starts one process for each whenever it lists them
_HOME = "https://www.wireshark.org/docs/man-pages/extcap.html"
_ROLES = {
    "nic": "network cards", "tunnel": "tunnel (cilium_vxlan …)", "wireguard": "WireGuard", "pods": "pods (lxc*)",
    "any": "any: all at once",
}  # fmt: skip
_RELOAD = "{reload=true}{placeholder=Ask the node for its interfaces}"
# A value comes back on a command line and in Wireshark's preferences.
_NOT_SAFE = re.compile(r"[^A-Za-z0-9._:@-]")


def interface_value(node: str) -> str:
    """Return the name of a node's interface in Wireshark."""
    return PREFIX + _NOT_SAFE.sub("_", node)


def listed(version: str, nodes: Sequence[str]) -> str:
    """Return the answer to ``--extcap-interfaces``: one interface for several nodes, and one for each node."""
    lines = [f"extcap {{version={_text(version)}}}{{help={_HOME}}}{{display=captools}}"]
    if len(nodes) > 1:
        lines.append(f"interface {{value={EVERY}}}{{display=captools: several nodes at once}}")
    lines += [
        f"interface {{value={interface_value(node)}}}{{display=captools: node {_text(node)}}}"
        for node in nodes[:MOST_NODES]
    ]
    return "\n".join(lines) + "\n"


def link_types() -> str:
    """Return the answer to ``--extcap-dlts``; the pcapng says each interface's own."""
    return "dlt {number=1}{name=EN10MB}{display=pcapng, one interface for each point}\n"


def nodes_of(value: str, nodes: Sequence[str]) -> tuple[str, ...]:
    """Return the nodes that an interface means; none where it is not one of ours."""
    if value == EVERY:
        return tuple(nodes)
    return tuple(node for node in nodes if interface_value(node) == value)


def dialog(value: str, nodes: Sequence[str], points: Mapping[str, Sequence[str]]) -> str:
    """Return the answer to ``--extcap-config``: the options of an interface. ``points``: what nodes had, last time."""
    lines = []
    several = value == EVERY
    if several:
        lines.append(_argument(0, "nodes", "Nodes", "None chosen means all of them", "multicheck"))
        lines += _choices(0, {node: node for node in nodes})
    if not several:
        lines.append(_argument(1, "interface", "Interface", "One that the node has", "selector") + _RELOAD)
        lines += _interfaces(points.get(next(iter(nodes_of(value, nodes)), ""), ()))
    lines.append(
        _argument(2, "interfaces", "Interfaces", "Names or globs with commas between them: eth1,lxc*", "string")
    )
    lines.append(
        _argument(3, "roles", "Roles", "None chosen means network cards, tunnel, WireGuard and pods", "multicheck")
    )
    lines += _choices(3, {role: _ROLES[role] for role in ROLE_NAMES})
    lines += [
        _argument(4, "pods", "Pods", "Pods by name, with commas between them: shop/web-1", "string"),
        _argument(5, "match", "Payload matches", "Only packets whose payload matches this (ngrep)", "string"),
        _argument(6, "snaplen", "Snap length", "Bytes kept of each packet; 0 for all", "unsigned")
        + "{range=0,262144}{default=0}",
        _argument(7, "buffer", "Ring memory", "Kernel memory for packets per node", "string") + "{default=256MiB}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def reloaded(option: str, names: Sequence[str]) -> str:
    """Return the answer to ``--extcap-reload-option``: the interfaces a node has now."""
    if option != "interface":
        return ""
    return "\n".join(_interfaces(names)) + "\n"


def chosen(text: str) -> tuple[str, ...]:
    """Return what a list with commas names."""
    return tuple(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))


def _argument(number: int, call: str, display: str, tooltip: str, kind: str) -> str:
    return f"arg {{number={number}}}{{call=--{call}}}{{display={display}}}{{tooltip={tooltip}}}{{type={kind}}}"


def _interfaces(names: Sequence[str]) -> list[str]:
    return _choices(1, {"": "by role", **{name: name for name in names}})


def _choices(number: int, values: Mapping[str, str]) -> list[str]:
    return [
        f"value {{arg={number}}}{{value={_text(value)}}}{{display={_text(shown)}}}{{default={str(not value).lower()}}}"
        for value, shown in values.items()
    ]


def _text(text: str) -> str:
    """Return a text that cannot end its braces or its line."""
    return re.sub(r"[{}\x00-\x1f\x7f]", "_", text)
