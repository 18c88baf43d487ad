"""What is inside WireGuard messages, as tshark opens them with keys: the proof that sizes and times can only suggest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from captools.deep.display_filter import fields_by_tshark
from captools.deep.keys import Keys

MOST_FRAMES = 20
_FIELDS = ("frame.number", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst")


@dataclass(frozen=True, slots=True)
class Carried:
    """Packets between two addresses that were found inside, and the first frames that carried them."""

    src: str
    dst: str
    packets: int
    frames: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"src": self.src, "dst": self.dst, "packets": self.packets, "frames": list(self.frames)}


@dataclass(frozen=True, slots=True)
class Unsealed:
    """The WireGuard data of one capture file: how many frames hold some, how many of them the keys open, and on what.

    A keepalive holds nothing, and counts as not opened.
    """

    file: str
    data: int
    opened: int
    carried: tuple[Carried, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        inside = [one.to_json() for one in self.carried]
        return {"file": self.file, "data": self.data, "opened": self.opened, "carried": inside}


def unsealed(path: Path | str, keys: Keys, *, vxlan_ports: Sequence[int] = (8472,)) -> Unsealed:
    """Open the WireGuard data of a capture file with ``keys``; errors as of captools.deep.display_filter."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    rows = fields_by_tshark(path, "wg.type == 4", _FIELDS, vxlan_ports=vxlan_ports, keys=keys)
    for number, protocols, *addresses in rows:
        # What stands behind "wg" was inside: eth:ethertype:ip:udp:wg:ip:tcp.
        inner = [word for word in protocols.partition(":wg:")[2].split(":") if word in ("ip", "ipv6")]
        if inner:
            src, dst = addresses[:2] if inner[-1] == "ip" else addresses[2:]
            found[src, dst].append(int(number))
    carried = tuple(
        Carried(src, dst, len(frames), tuple(frames[:MOST_FRAMES]))
        for (src, dst), frames in sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    )
    return Unsealed(file=str(path), data=len(rows), opened=sum(one.packets for one in carried), carried=carried)
