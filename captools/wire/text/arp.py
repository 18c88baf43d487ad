"""ARP lines (print-arp.c): ``Request who-has A tell B``, ``Reply A is-at MAC`` and the gratuitous forms."""

from __future__ import annotations

import re

from captools.model.packets import EtherType, Tunnel
from captools.wire.text.table import MAC_TEXT, Row, address, mac

REQUEST, REPLY = 1, 2
_ARP = re.compile(r"(?:ARP, )?(?:Ethernet \(len 6\), IPv4 \(len 4\), )?(?=Request|Reply|Announcement|Probe)", re.ASCII)
_WHO_HAS = re.compile(
    rf"Request who-has (?P<target>\S+)(?: \((?P<mac>{MAC_TEXT}|Broadcast)[^)]*\))? tell (?P<sender>[^\s,]+)", re.ASCII
)
_IS_AT = re.compile(rf"Reply (?P<sender>\S+) is-at (?P<mac>{MAC_TEXT})", re.ASCII)
_ALONE = re.compile(r"(?:Request )?(?P<what>Announcement|Probe) (?P<target>[^\s,]+)", re.ASCII)


def arp(row: Row, text: str) -> bool:
    """Read an ARP line into ``row``; False where it is none."""
    found = _ARP.match(text)
    if found is None:
        return False
    if row["tunnel"] in (Tunnel.NONE, Tunnel.VXLAN):  # others may carry ARP without an Ethernet header
        row.setdefault("ethertype", int(EtherType.ARP))
    text = text[found.end() :]
    if asked := _WHO_HAS.match(text):
        row["arp_op"] = REQUEST
        row["arp_target_ip"], row["arp_sender_ip"] = address(asked["target"]), address(asked["sender"])
        if asked["mac"]:
            row["arp_target_mac"] = mac(asked["mac"])
    elif told := _IS_AT.match(text):
        row["arp_op"] = REPLY
        row["arp_sender_ip"], row["arp_sender_mac"] = address(told["sender"]), mac(told["mac"])
    elif alone := _ALONE.match(text):
        row["arp_op"] = REQUEST
        row["arp_target_ip"] = address(alone["target"])
        # RFC 5227: an announcement asks for the sender's own address, a probe has no sender yet.
        row["arp_sender_ip"] = row["arp_target_ip"] if alone["what"] == "Announcement" else address("0.0.0.0")
    return True
