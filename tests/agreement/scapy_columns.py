"""What scapy's dissectors say of a frame, in our columns: the third reader of the agreement tests.

A column that is not in the answer is one on which scapy has no word here: it does not know the protocol, or ended before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from captools.deep.fields import LAYERS
from captools.deep.scapy_tree import tree_by_scapy
from captools.deep.tree import FieldNode
from captools.model.errors import UsageError

Said = dict[str, Any]
_OF_IP = {"ip.src": "src", "ip.dst": "dst", "ip.ttl": "ttl", "ip.id": "ip_id", "ipv6.src": "src", "ipv6.dst": "dst",
          "ipv6.hlim": "ttl"}  # fmt: skip
_OF_PORTS = {"srcport": "sport", "dstport": "dport"}
_OF_TCP = {"seq_raw": "seq", "ack_raw": "ack", "flags": "tcp_flags", "window_size_value": "window",
           "options.timestamp.tsval": "tsval", "options.timestamp.tsecr": "tsecr", "options.mss_val": "mss"}  # fmt: skip
_OF_ICMP = {"type": "icmp_type", "code": "icmp_code", "ident": "icmp_id", "seq": "icmp_seq", "mtu": "icmp_mtu",
            "echo.identifier": "icmp_id", "echo.sequence_number": "icmp_seq"}  # fmt: skip
_OF_WG = {"type": "wg_type", "receiver": "wg_receiver", "counter": "wg_counter"}


def scapy_row(data: bytes, linktype: int, vxlan_ports: Sequence[int] = (8472, 4789)) -> Said | None:
    """Return column -> value of one frame, innermost headers as in the packet table; None for other link types."""
    try:
        tree = tree_by_scapy(data, linktype, vxlan_ports=vxlan_ports)
    except UsageError:
        return None
    found: Said = {}
    for layer in tree.children:
        said = _fields(layer)
        name = layer.name
        if name == "eth":
            found |= {"eth_src": said.get("eth.src"), "eth_dst": said.get("eth.dst")}
        elif name in ("ip", "ipv6"):
            # A further header begins: what the one around it carried is not this packet's.
            keep = {"eth_src", "eth_dst", "vni", "vxlan_flags", "vxlan_gbp", "vlan"}
            found = {key: value for key, value in found.items() if key in keep}
            found |= {column: said[field] for field, column in _OF_IP.items() if field in said}
        elif name in ("tcp", "udp"):
            columns = _OF_PORTS | (_OF_TCP if name == "tcp" else {})
            found |= {column: said.get(f"{name}.{field}") for field, column in columns.items()}
        elif name in ("icmp", "icmpv6"):
            found |= {
                column: said[f"{name}.{field}"] for field, column in _OF_ICMP.items() if f"{name}.{field}" in said
            }
        elif name == "arp":
            found["arp_op"] = said.get("arp.opcode")
        elif name == "wg":
            found |= {column: said[f"wg.{field}"] for field, column in _OF_WG.items() if f"wg.{field}" in said}
        elif name == "vxlan" and "vni" not in found:
            found |= {
                "vni": said.get("vxlan.vni"),
                "vxlan_flags": said.get("vxlan.flags"),
                "vxlan_gbp": said.get("vxlan.gbp"),
            }
        elif name == "geneve" and "vni" not in found:
            found["vni"] = said.get("geneve.vni")
        elif name in ("vlan", "dot1ad") and "vlan" not in found and "src" not in found:
            found["vlan"] = said.get("vlan.id", said.get("dot1ad.vlan"))
    return found


def _fields(layer: FieldNode) -> dict[str, Any]:
    """Return the fields of one layer, the first of each name, without those of packets quoted in it."""
    found: dict[str, Any] = {}
    waiting = list(layer.children)
    while waiting:
        node = waiting.pop(0)
        if node.name in LAYERS:
            continue
        value = node.value
        # What Wireshark's names are not known for comes as scapy writes it.
        found.setdefault(node.name, int(value) if isinstance(value, str) and value.isdigit() else value)
        waiting.extend(node.children)
    return found
