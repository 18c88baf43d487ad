"""Link layers: from the first captured byte to the EtherType (www.tcpdump.org/linktypes.html)."""

from __future__ import annotations

import numpy as np

from captools.model.packets import DecodeStop, Direction, EtherType
from captools.wire.bytesview import Ints
from captools.wire.frame import Batch

NULL, EN10MB, RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2 = 0, 1, 101, 108, 113, 228, 229, 276
RAW_BSD = (12, 14)  # DLT_RAW as some systems write it into files

_DIRECTIONS = {0: Direction.IN, 1: Direction.BROADCAST, 2: Direction.MULTICAST, 3: Direction.OTHER, 4: Direction.OUT}
VLAN_TAGS = (EtherType.VLAN, EtherType.QINQ, 0x9100)
NO_NETWORK = 0


def link_layer(batch: Batch, rows: Ints, linktype: int) -> Ints:
    """Read the link header of ``rows``; return their EtherTypes (0: nothing to go on with)."""
    kinds = np.zeros(len(batch.base), np.int64)
    if linktype == EN10MB:
        ethernet(batch, rows, kinds)
    elif linktype == LINUX_SLL:
        _cooked(batch, rows, kinds)
    elif linktype == LINUX_SLL2:
        _cooked2(batch, rows, kinds)
    elif linktype in (RAW, IPV4, IPV6, *RAW_BSD):
        _by_version(batch, batch.need(rows, 1), kinds)
    elif linktype in (NULL, LOOP):
        rows = batch.need(rows, 4)
        batch.at[rows] += 4  # the family's number differs between systems; the version nibble does not
        _by_version(batch, batch.need(rows, 1), kinds)
    else:
        batch.stop(rows, DecodeStop.UNKNOWN_LINKTYPE)
    return kinds


def ethernet(batch: Batch, rows: Ints, kinds: Ints) -> None:
    """Read an Ethernet header (RFC 894, IEEE 802.1Q tags) of ``rows`` into ``kinds``."""
    rows = batch.need(rows, 14)
    at = batch.at[rows]
    batch.columns.put("eth_dst", rows, batch.view.strings(at, 6))
    batch.columns.put("eth_src", rows, batch.view.strings(at + 6, 6))
    kinds[rows] = batch.view.u16(at + 12)
    batch.at[rows] += 14
    _tags(batch, rows, kinds)


def _tags(batch: Batch, rows: Ints, kinds: Ints) -> None:
    """Peel VLAN tags; ``vlan`` is the first one's id, ``ethertype`` what follows the last."""
    batch.columns.clear(("vlan",), rows)
    first = True
    tagged = rows[np.isin(kinds[rows], VLAN_TAGS)]
    while len(tagged):
        short = tagged[~batch.has(tagged, 4)]
        kinds[short] = NO_NETWORK
        tagged = batch.need(tagged, 4)
        if first:
            batch.columns.put("vlan", tagged, batch.view.u16(batch.at[tagged]) & 0x0FFF)
            first = False
        kinds[tagged] = batch.view.u16(batch.at[tagged] + 2)
        batch.at[tagged] += 4
        tagged = tagged[np.isin(kinds[tagged], VLAN_TAGS)]
    batch.columns.put("ethertype", rows, kinds[rows])


def _cooked(batch: Batch, rows: Ints, kinds: Ints) -> None:
    """LINUX_SLL: packet type 2, ARPHRD 2, address length 2, address 8, protocol 2."""
    rows = batch.need(rows, 16)
    at = batch.at[rows]
    _direction(batch, rows, batch.view.u16(at))
    six = batch.view.u16(at + 4) == 6
    batch.columns.put("eth_src", rows[six], batch.view.strings(at[six] + 6, 6))
    kinds[rows] = batch.view.u16(at + 14)
    batch.at[rows] += 16
    _tags(batch, rows, kinds)


def _cooked2(batch: Batch, rows: Ints, kinds: Ints) -> None:
    """LINUX_SLL2: protocol 2, reserved 2, interface index 4, ARPHRD 2, packet type 1, address length 1, address 8."""
    rows = batch.need(rows, 20)
    at = batch.at[rows]
    batch.columns.put("ifindex", rows, batch.view.u32(at + 4))
    _direction(batch, rows, batch.view.u8(at + 10))
    six = batch.view.u8(at + 11) == 6
    batch.columns.put("eth_src", rows[six], batch.view.strings(at[six] + 12, 6))
    kinds[rows] = batch.view.u16(at)
    batch.at[rows] += 20
    _tags(batch, rows, kinds)


def _direction(batch: Batch, rows: Ints, packet_type: Ints) -> None:
    for number, word in _DIRECTIONS.items():
        batch.columns.word("direction", rows[packet_type == number], word.value)


def _by_version(batch: Batch, rows: Ints, kinds: Ints) -> None:
    """Tell IPv4 from IPv6 by the first nibble (link type RAW)."""
    version = batch.view.u8(batch.at[rows]) >> 4
    kinds[rows[version == 4]] = EtherType.IPV4
    kinds[rows[version == 6]] = EtherType.IPV6
    batch.stop(rows[(version != 4) & (version != 6)], DecodeStop.MALFORMED)
    known = rows[(version == 4) | (version == 6)]
    batch.columns.put("ethertype", known, kinds[known])
