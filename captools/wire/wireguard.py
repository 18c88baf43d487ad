"""WireGuard messages, recognised by their bytes (drivers/net/wireguard/messages.h).

A port proves nothing: Cilium's DNS proxy was seen on 51871 (cilium#30901). Type 1 to 4, three zero bytes and a
legal length do.
"""

from __future__ import annotations

import numpy as np

from captools.wire.bytesview import Ints
from captools.wire.frame import Batch

INITIATION, RESPONSE, COOKIE, DATA = 1, 2, 3, 4
SIZES = {INITIATION: 148, RESPONSE: 92, COOKIE: 64}
DATA_HEADER, KEEPALIVE = 16, 32
WELL_KNOWN_PORTS = (51871, 51820)


def wireguard(batch: Batch, rows: Ints) -> None:
    """Read the WireGuard fields of those UDP packets in ``rows`` that are WireGuard.

    Handshakes have one exact length each. Data messages are a multiple of 16 long (the plaintext is padded),
    except that padding is capped at the device's MTU: such a length counts on a well-known port only.
    """
    view, columns = batch.view, batch.columns
    rows = rows[batch.has(rows, 12)]
    at = batch.at[rows]
    kind = view.u32le(at)
    length = batch.wire_end[rows] - at
    sport, dport = columns.values["sport"][rows], columns.values["dport"][rows]
    for message, size in SIZES.items():
        hit = (kind == message) & (length == size)
        columns.put("wg_type", rows[hit], message)
        if message != COOKIE:
            columns.put("wg_sender", rows[hit], view.u32le(at[hit] + 4))
        if message == RESPONSE:
            columns.put("wg_receiver", rows[hit], view.u32le(at[hit] + 8))
        elif message == COOKIE:
            columns.put("wg_receiver", rows[hit], view.u32le(at[hit] + 4))
    # Ports of a handshake among these rows are WireGuard's here, whatever their number.
    shaken = rows[columns.valid["wg_type"][rows]]
    ports = np.concatenate(
        [np.array(WELL_KNOWN_PORTS), columns.values["sport"][shaken], columns.values["dport"][shaken]]
    )
    known = np.isin(sport, ports) | np.isin(dport, ports)
    data = (kind == DATA) & (length >= KEEPALIVE) & batch.has(rows, DATA_HEADER) & (known | (length % 16 == 0))
    columns.put("wg_type", rows[data], DATA)
    columns.put("wg_receiver", rows[data], view.u32le(at[data] + 4))
    columns.put("wg_counter", rows[data], view.u64le(at[data] + 8))
