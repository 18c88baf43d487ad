"""What a node without Python told through sh, as NodeFacts. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from captools.collect.facts import NodeFacts, read_facts
from captools.collect.plain.script import NETWORK, WITHOUT_JSON

Told = Mapping[str, Sequence[str]]  # section -> what each of its commands printed


def read_plain_facts(told: Told) -> NodeFacts:
    """Return the node's facts; what is missing or odd is left out."""
    euid = _first(told, "euid").strip()
    tools = {}
    versions = _first(told, "tcpdump")
    if "version" in versions:
        libpcap = re.search(r"libpcap version (\S+)", versions)
        tools["tcpdump"] = {"version": versions.splitlines()[0], "libpcap": libpcap[1] if libpcap else ""}
    facts: dict[str, Any] = {
        "hostname": _first(told, "hostname").strip(),
        "system": " ".join(_first(told, "system").split()),
        "python": "none",
        "euid": int(euid) if euid.isascii() and euid.isdigit() else 0,
        "ssh_connection": _first(told, "ssh_connection").strip(),
        "sudo_said": _first(told, "sudo_said").strip(),
        "tools": tools,
        "network": network_of(told),
    }
    return read_facts(facts)


def network_of(told: Told) -> dict[str, str]:
    """Return inventory file name -> text, as the agent would have told it."""
    found = {name: _joined(name, told[name]) for name in NETWORK if name in told}
    if "ip-link.json" not in found and "ip-addr.txt" in told:
        # Without JSON the one list holds both.
        found["ip-link.json"] = json.dumps(links_of_text(_first(told, "ip-addr.txt")))
        found["ip-addr.json"] = found["ip-link.json"]
    if "ip-route.json" not in found:
        found |= {name: "".join(told[name]) for name in WITHOUT_JSON if name == "ip-route.txt" and name in told}
    return {name: text for name, text in found.items() if text.strip()}


def _first(told: Told, name: str) -> str:
    return next(iter(told.get(name, ())), "")


def _joined(name: str, texts: Sequence[str]) -> str:
    """Join JSON arrays as text, so that repeated keys inside them survive (agent/facts.py does the same)."""
    if not name.endswith(".json"):
        return "".join(texts)
    inner = [text.strip()[1:-1].strip() for text in texts if text.strip().startswith("[")]
    return "[" + ",".join(part for part in inner if part) + "]"


# 2: eth1@if3: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP
_LINK = re.compile(r"^(?P<index>\d+): (?P<name>[^\s:@]+)(?:@(?:if(?P<peer>\d+)|\S+))?: <(?P<flags>[^>]*)>(?P<rest>.*)$")
_MAC = re.compile(r"^\s+link/(?P<type>\S+)(?: (?P<mac>[0-9a-f:]{17}))?")
_ADDRESS = re.compile(r"^\s+inet6? (?P<ip>[0-9a-fA-F.:]+)(?:/(?P<length>\d+))?")


def links_of_text(text: str) -> list[dict[str, Any]]:
    """Return the links of plain ``ip addr`` in the form of ``ip -j addr``."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        if link := _LINK.match(line):
            words = link["rest"].split()
            pairs = dict(zip(words, words[1:], strict=False))
            one: dict[str, Any] = {"ifindex": int(link["index"]), "ifname": link["name"],
                                   "flags": link["flags"].split(","), "addr_info": []}  # fmt: skip
            if pairs.get("mtu", "").isdigit():
                one["mtu"] = int(pairs["mtu"])
            if "state" in pairs:
                one["operstate"] = pairs["state"]
            if link["peer"]:
                one["link_index"] = int(link["peer"])
            found.append(one)
        elif found and (mac := _MAC.match(line)):
            found[-1] |= {"link_type": mac["type"]} | ({"address": mac["mac"]} if mac["mac"] else {})
        elif found and (address := _ADDRESS.match(line)):
            length = {"prefixlen": int(address["length"])} if address["length"] else {}
            found[-1]["addr_info"].append({"local": address["ip"], **length})
    return found
