"""ARP for IPv4 over Ethernet (RFC 826)."""

from __future__ import annotations

import numpy as np

from captools.model.addresses import V4_PREFIX
from captools.model.packets import DecodeStop
from captools.wire.bytesview import Ints
from captools.wire.frame import Batch


def arp(batch: Batch, rows: Ints) -> None:
    """Read the ARP packet of ``rows``; other hardware or protocol types keep their row and stop."""
    view, put = batch.view, batch.columns.put
    rows = batch.need(rows, 8)
    at = batch.at[rows]
    usual = (view.u32(at) == 0x0001_0800) & (view.u16(at + 4) == 0x0604)
    batch.stop(rows[~usual], DecodeStop.MALFORMED)
    rows = batch.need(rows[usual], 28)
    at = batch.at[rows]
    put("arp_op", rows, view.u16(at + 6))
    for name, where in (("arp_sender_mac", 8), ("arp_target_mac", 18)):
        put(name, rows, view.strings(at + where, 6))
    for name, where in (("arp_sender_ip", 14), ("arp_target_ip", 24)):
        address = np.empty((len(rows), 16), np.uint8)
        address[:, :12] = np.frombuffer(V4_PREFIX, np.uint8)
        address[:, 12:] = view.strings(at + where, 4)
        put(name, rows, address)
    batch.at[rows] += 28
