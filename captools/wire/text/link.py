"""What stands in front of the network layer: ``-i any`` interface names, ``-e`` link headers, VLAN tags."""

from __future__ import annotations

import re

from captools.model.packets import Direction
from captools.wire.linktypes import EN10MB, LINUX_SLL, LINUX_SLL2
from captools.wire.text.names import ETHERTYPES
from captools.wire.text.table import MAC_TEXT, Row, mac

_DIRECTIONS = {"In": Direction.IN, "Out": Direction.OUT, "B": Direction.BROADCAST, "M": Direction.MULTICAST,
               "P": Direction.OTHER}  # fmt: skip
# IFNAMSIZ is 16 with the final zero; "?" is an interface that tcpdump could not name.
_ANY = re.compile(r"(?P<name>[\w.@:?#-]{1,15}) +(?P<way>In|Out|B|M|P) +", re.ASCII)
_OUI = r"(?: \(oui [^)]{0,80}\))?"
_COOKED2 = re.compile(rf"ifindex (?P<index>\d+) (?:(?P<mac>{MAC_TEXT}){_OUI} )?", re.ASCII)
_COOKED = re.compile(
    rf" *(?P<way>In|Out|B|M|P) (?:(?P<mac>{MAC_TEXT}){_OUI} )?(?=ethertype |\(|Request |Reply |Ethernet |\S+ > \S)",
    re.ASCII,
)
_ETHERNET = re.compile(rf"\s?(?P<src>{MAC_TEXT}){_OUI} > (?P<dst>{MAC_TEXT}|Broadcast){_OUI}, ", re.ASCII)
_TYPE = re.compile(
    r"(?:ethertype )?(?P<name>[\w.-]+(?: \w+)?)(?: \(0x(?P<hex>[0-9a-f]{4})\))?, (?:length (?P<length>\d+): ?)?",
    re.ASCII,
)
_VLAN = re.compile(r"vlan (?P<id>\d+), p \d+, (?:DEI, )?", re.ASCII)
_FAMILY = re.compile(
    r"(?:version \d+, resource ID \d+, |AF )?(?:family )?IPv[46](?: \(\d+\))?, length (?P<length>\d+): ", re.ASCII
)


def interface(row: Row, text: str) -> tuple[str, str]:
    """Read the prefix of ``-i any`` lines into ``row``; return (interface, rest), the former empty where none is."""
    found = _ANY.match(text)
    if found is None:
        return "", text
    row["direction"], row["linktype"] = _DIRECTIONS[found["way"]].value, LINUX_SLL2
    rest = text[found.end() :]
    cooked = _COOKED2.match(rest)
    if cooked is None:
        return found["name"], rest
    row["ifindex"], row["eth_src"] = int(cooked["index"]), mac(cooked["mac"] or "")
    return found["name"], _typed(row, rest[cooked.end() :])


def link(row: Row, text: str) -> str:
    """Read a link header (``-e``) into ``row``; return the network layer's text."""
    if text.startswith("ip: "):  # link type RAW
        return text[4:]
    family = _FAMILY.match(text)
    if family is not None:
        _length(row, family["length"])
        return text[family.end() :]
    found = _ETHERNET.match(text)
    if found is not None:
        row["eth_src"], row["eth_dst"] = mac(found["src"]), mac(found["dst"])
        if row["depth"] == 0 and row.get("linktype") is None:
            row["linktype"] = EN10MB
        return _typed(row, text[found.end() :])
    cooked = _COOKED.match(text)
    if cooked is not None:
        row["direction"], row["linktype"] = _DIRECTIONS[cooked["way"]].value, LINUX_SLL
        row["eth_src"] = mac(cooked["mac"] or "")
        return _typed(row, text[cooked.end() :])
    return text


def _typed(row: Row, text: str) -> str:
    """Read ``ethertype IPv4 (0x0800), length 98: `` and VLAN tags; ``vlan`` is the first tag's id."""
    row.pop("vlan", None)
    while True:
        found = _TYPE.match(text)
        if found is not None and (found["hex"] or found["name"] in ETHERTYPES):
            row["ethertype"] = int(found["hex"], 16) if found["hex"] else int(ETHERTYPES[found["name"]])
            if found["length"]:
                _length(row, found["length"])
            text = text[found.end() :]
        tag = _VLAN.match(text)
        if tag is None:
            if text.startswith("802.3"):  # no EtherType follows the last tag, but a length
                row.pop("ethertype", None)
            return text
        row.setdefault("vlan", int(tag["id"]) & 0x0FFF)
        text = text[tag.end() :]


def _length(row: Row, text: str) -> None:
    if row["depth"] == 0:  # the length of an inner frame is not that of the frame on the wire
        row["wire_len"] = int(text)
