"""Tunnels in text: VXLAN (up to tcpdump 4.99 called OTV on port 8472), Geneve, GRE and IP in IP."""

from __future__ import annotations

import re

from captools.model.packets import Tunnel
from captools.wire.text.network import Ends, begins
from captools.wire.text.table import Row, open_tunnel
from captools.wire.text.transport import without_checksum
from captools.wire.tunnels import is_vxlan

# tcpdump 4.99 and older read UDP port 8472 as OTV, whose instance lies where VXLAN has its VNI (print-otv.c);
# 5.0 reads both ports as VXLAN.
_VXLAN = re.compile(
    r"(?:OTV, flags \[[^\]]\] \(0x(?P<otv>[0-9a-f]{2})\), overlay \d+, instance"
    r"|VXLAN, flags \[[^\]]\] \(0x(?P<vxlan>[0-9a-f]{2})\), vni) (?P<vni>\d+)\s*",
    re.ASCII,
)
_GENEVE = re.compile(
    r"Geneve, Flags \[[^\]]*\], vni 0x(?P<vni>[0-9a-f]+)(?:, proto [\w-]+ \(0x[0-9a-f]+\))?"
    r"(?:, options \[(?:[^\]]*)\])?(?::\s*|\s*$)",
    re.ASCII,
)
_GRE = re.compile(r"GREv0(?P<what>[^:]*?), length \d+(?::\s*|\s*$)", re.ASCII)
_CARRIER = re.compile(r"(?:OTV|VXLAN), flags [^,]{1,12}, (?:overlay \d+, instance|vni) \d+\s*$", re.ASCII)
_KEY = re.compile(r", key=0x([0-9a-f]+)", re.ASCII)


def tunnel(row: Row, ends: Ends) -> str | None:
    """Open a tunnel in ``row``; return what the same line says of the inner packet, None where there is no tunnel."""
    text = without_checksum(ends.rest)
    if found := _VXLAN.match(text):
        if not is_vxlan(int(found["otv"] or found["vxlan"], 16)):
            return None
        row["sport"], row["dport"] = ends.sport, ends.dport
        open_tunnel(row, Tunnel.VXLAN, int(found["vni"]))
    elif found := _GENEVE.match(text):
        row["sport"], row["dport"] = ends.sport, ends.dport
        open_tunnel(row, Tunnel.GENEVE, int(found["vni"], 16))
    elif found := _GRE.match(text):
        key = _KEY.search(found["what"])
        open_tunnel(row, Tunnel.GRE, int(key[1], 16) if key else None)
    elif begins(text):
        open_tunnel(row, Tunnel.IPIP, None)
        return text
    else:
        return None
    return text[found.end() :]


def opens(text: str) -> bool:
    """Tell whether a line ends so that the inner packet stands on the line below, unindented."""
    return _CARRIER.search(text) is not None
