"""What stands between a link or tunnel header and the network: MPLS label stacks (RFC 3032) and NSH (RFC 8300).

An MPLS stack does not say what it carries. As every router guesses it: first nibble 4 is IPv4, 6 is IPv6 (RFC 4928,
section 2), 1 is a channel for maintenance (RFC 5586); anything else is an Ethernet pseudowire (RFC 4448), with its
control word where the EtherType then lies right. tshark asks its list of vendors for that, which we do not have.
"""

from __future__ import annotations

import numpy as np

from captools.model.packets import DecodeStop, EtherType
from captools.wire.bytesview import Bools, Ints
from captools.wire.frame import Batch
from captools.wire.linktypes import NO_NETWORK, VLAN_TAGS, ethernet

MPLS_TYPES = (EtherType.MPLS, EtherType.MPLS_UPSTREAM)
MAX_LABELS = 16
_BOTTOM = 0x100
_MAINTENANCE = 1  # first nibble of an associated channel header
# What a pseudowire's Ethernet header must name to be believed.
PROOF = (EtherType.IPV4, EtherType.IPV6, EtherType.ARP, *VLAN_TAGS)
# NSH's next protocols; VXLAN-GPE's are the same (RFC 8300, section 2.2; draft-ietf-nvo3-vxlan-gpe, 3.2).
NEXT = {1: EtherType.IPV4, 2: EtherType.IPV6, 4: EtherType.NSH, 5: EtherType.MPLS}
NEXT_ETHERNET = 3


def shims(batch: Batch, rows: Ints, kinds: Ints) -> None:
    """Step over NSH and MPLS in ``rows``; ``kinds`` gets the EtherType of what they carry."""
    _nsh(batch, rows[kinds[rows] == EtherType.NSH], kinds)
    _mpls(batch, rows[np.isin(kinds[rows], MPLS_TYPES)], kinds)
    again = rows[np.isin(kinds[rows], (EtherType.NSH, *MPLS_TYPES))]
    batch.stop(again, DecodeStop.TOO_DEEP)
    kinds[again] = NO_NETWORK


def follow(batch: Batch, rows: Ints, protocol: Ints, kinds: Ints) -> None:
    """Set ``kinds`` of ``rows`` by NSH's number of what follows at the cursor; an unknown one ends here."""
    kinds[rows] = NO_NETWORK
    for number, kind in NEXT.items():
        kinds[rows[protocol == number]] = kind
    framed = protocol == NEXT_ETHERNET
    batch.stop(rows[~framed & (kinds[rows] == NO_NETWORK)], DecodeStop.UNKNOWN_ETHERTYPE)
    ethernet(batch, rows[framed], kinds)


def _nsh(batch: Batch, rows: Ints, kinds: Ints) -> None:
    kinds[rows] = NO_NETWORK
    rows = batch.need(rows, 8)
    at = batch.at[rows]
    word = batch.view.u16(at)
    size = (word & 0x3F) * 4
    bad = (word >> 14 != 0) | (size < 8)
    batch.stop(rows[bad], DecodeStop.MALFORMED)
    rows, at, size = rows[~bad], at[~bad], size[~bad]
    whole = at + size <= batch.end[rows]
    batch.stop(rows[~whole], DecodeStop.TRUNCATED)
    rows, at, size = rows[whole], at[whole], size[whole]
    batch.at[rows] = at + size
    follow(batch, rows, batch.view.u8(at + 3), kinds)


def _mpls(batch: Batch, rows: Ints, kinds: Ints) -> None:
    """Walk the label stack; ``mpls_label`` is the first label of the frame, the one that the next switch acts on."""
    kinds[rows] = NO_NETWORK
    columns, bottoms = batch.columns, []
    for place in range(MAX_LABELS):
        rows = batch.need(rows, 4)
        entry = batch.view.u32(batch.at[rows])
        if place == 0:
            fresh = ~columns.valid["mpls_label"][rows]
            columns.put("mpls_label", rows[fresh], entry[fresh] >> 12)
        batch.at[rows] += 4
        last = entry & _BOTTOM != 0
        bottoms.append(rows[last])
        rows = rows[~last]
    batch.stop(rows, DecodeStop.TOO_DEEP)
    _below_labels(batch, np.concatenate(bottoms), kinds)


def _below_labels(batch: Batch, rows: Ints, kinds: Ints) -> None:
    rows = batch.need(rows, 1)
    nibble = batch.view.u8(batch.at[rows]) >> 4
    kinds[rows[nibble == 4]] = EtherType.IPV4
    kinds[rows[nibble == 6]] = EtherType.IPV6
    batch.stop(rows[nibble == _MAINTENANCE], DecodeStop.UNKNOWN_ETHERTYPE)
    wires = rows[(nibble != 4) & (nibble != 6) & (nibble != _MAINTENANCE)]
    # The control word begins with a zero nibble.
    controlled = (batch.view.u8(batch.at[wires]) < 0x10) & _frame_at(batch, wires, 4)
    batch.at[wires[controlled]] += 4
    framed = controlled | _frame_at(batch, wires, 0)
    ethernet(batch, wires[framed], kinds)
    batch.stop(batch.need(wires[~framed], 14), DecodeStop.UNKNOWN_ETHERTYPE)


def _frame_at(batch: Batch, rows: Ints, skip: int) -> Bools:
    """Tell which rows have an Ethernet header that names something known, ``skip`` bytes from the cursor."""
    there = batch.has(rows, skip + 14)
    there[there] = np.isin(batch.view.u16(batch.at[rows[there]] + skip + 12), PROOF)
    return there
