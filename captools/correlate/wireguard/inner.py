"""Inner packets: what a node's own devices show of the packets that go into WireGuard or come out of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.ends import Ends
from captools.model.points import Role
from captools.wire.linktypes import EN10MB, LINUX_SLL, LINUX_SLL2

# Where inner packets are looked for on a node: the device itself tells most, the pods' own ones least.
_PREFERRED = (Role.WIREGUARD, Role.TUNNEL, Role.PODS)
_ETHERNET = 14
OVERLAY_V4, OVERLAY_V6 = 50, 70  # what VXLAN or Geneve without options puts before a packet (RFC 7348): IP to Ethernet


@dataclass(frozen=True, slots=True)
class InnerPackets:
    """Packets of one node at its devices of one role, in order of time.

    ``length`` is that of the IP packet at the device, ``payload`` what of it is behind all headers.
    """

    role: Role
    row: Ints
    ts: Ints
    sender: Ints
    receiver: Ints
    length: Ints
    payload: Ints


def inner_packets(
    rows: Sightings, ends: Ends, roles: dict[str, Role], node: int, by_point: dict[int, Ints]
) -> InnerPackets | None:
    """Return the packets between nodes at the devices of ``node``; None where none of its devices shows any.

    ``by_point`` holds the rows of each point, by its code.
    """
    name = ends.name(node)
    mine = [(code, roles.get(point, Role.OTHER)) for code, point in enumerate(rows.points)]
    for role in _PREFERRED:
        codes = [code for code, one in mine if one is role and rows.points[code].partition("/")[0] == name]
        if not codes:
            continue
        here = np.sort(np.concatenate([by_point.get(code, np.empty(0, np.int64)) for code in codes]))
        # Printed text (no captured length) does not tell the lengths of frames for sure.
        plain = (rows["src"][here] != ABSENT) & (rows["wg_type"][here] == ABSENT) & (rows["cap_len"][here] != ABSENT)
        here = here[plain]
        sender, receiver = (_places(rows, ends, here, column) for column in ("src", "dst"))
        remote = (sender != ABSENT) & (receiver != ABSENT) & (sender != receiver)
        remote &= (sender == node) | (receiver == node)
        if remote.any():
            order = np.flatnonzero(remote)[np.argsort(rows["ts_ns"][here[remote]], kind="stable")]
            row = here[order]
            payload = np.maximum(rows["payload_len"][row], 0)
            return InnerPackets(
                role, row, rows["ts_ns"][row], sender[order], receiver[order], _lengths(rows, row), payload
            )
    return None


def _places(rows: Sightings, ends: Ends, here: Ints, column: str) -> Ints:
    outer = ends.underlay[rows[f"outer_{column}"][here]]
    return np.where(outer != ABSENT, outer, ends.owner[rows[column][here]])


def _lengths(rows: Sightings, row: Ints) -> Ints:
    """Return the lengths of IP packets from those of their frames: super-frames may say 0 in their own header."""
    linktype = rows["linktype"][row]
    link = np.select(
        [linktype == EN10MB, linktype == LINUX_SLL, linktype == LINUX_SLL2],
        [_ETHERNET + 4 * (rows["vlan"][row] != ABSENT), 16, 20],
        0,
    )
    found: Ints = rows["wire_len"][row] - link
    return found
