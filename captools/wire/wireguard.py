"""WireGuard messages, recognised by their bytes (drivers/net/wireguard/messages.h).

A port proves nothing: Cilium's DNS proxy was seen on 51871 (cilium#30901). Type 1 to 4, three zero bytes and a
legal length do. Where only the ports of a handshake could prove a message, it stays undecided until the whole file
was read (captools.wire.settle).
"""

from __future__ import annotations

import struct

import numpy as np

from captools.wire.bytesview import Bools, Ints
from captools.wire.frame import Batch

INITIATION, RESPONSE, COOKIE, DATA = 1, 2, 3, 4
SIZES = {INITIATION: 148, RESPONSE: 92, COOKIE: 64}
DATA_HEADER, KEEPALIVE = 16, 32
WELL_KNOWN_PORTS = (51871, 51820)
DNS_PORT = 53
# No session lives that long (REKEY_AFTER_MESSAGES), and the text of a DNS name stands where the high bytes would be.
COUNTER_BITS = 60
# From this size on a message may fill its device's MTU (1280 or more, RFC 8200, section 5), so it need not be padded.
UNPADDED_FROM = 1280 + KEEPALIVE
COLUMNS = ("wg_type", "wg_sender", "wg_receiver", "wg_counter", "wg_messages")


def wireguard(batch: Batch, rows: Ints) -> None:
    """Read the WireGuard fields of those UDP packets in ``rows`` that are WireGuard.

    Handshakes have one exact length each. Data messages are a multiple of 16 long (the plaintext is padded), except
    that padding is capped at the device's MTU: such a length counts on a well-known port, or where a second message
    follows; else the row becomes one of ``batch.undecided``. ``wg_messages`` counts the data messages in one datagram
    (a sender that leaves cutting to the card puts many there); ``wg_counter`` is that of the first.
    """
    view, columns = batch.view, batch.columns
    rows = rows[batch.has(rows, 12)]
    at = batch.at[rows]
    kind = view.u32le(at)
    length = batch.wire_end[rows] - at
    for message, size in SIZES.items():
        hit = (kind == message) & (length == size)
        columns.put("wg_type", rows[hit], message)
        if message != COOKIE:
            columns.put("wg_sender", rows[hit], view.u32le(at[hit] + 4))
        if message == RESPONSE:
            columns.put("wg_receiver", rows[hit], view.u32le(at[hit] + 8))
        elif message == COOKIE:
            columns.put("wg_receiver", rows[hit], view.u32le(at[hit] + 4))
    data = (kind == DATA) & (length >= KEEPALIVE) & batch.has(rows, DATA_HEADER)
    data[data] = view.u64le(at[data] + 8) >> np.uint64(COUNTER_BITS) == 0
    _data(batch, rows[data], at[data], length[data])


def _data(batch: Batch, rows: Ints, at: Ints, length: Ints) -> None:
    view, columns = batch.view, batch.columns
    held = batch.end[rows] - at
    heads = zip(at.tolist(), held.tolist(), strict=True)
    size = np.array([_message_size(view.bytes[one : one + some].tobytes()) for one, some in heads], np.int64)
    several = size > 0
    sport, dport = columns.values["sport"][rows], columns.values["dport"][rows]
    named = _either(sport, dport, (DNS_PORT,))
    known = (length % 16 == 0) | several | (_either(sport, dport, WELL_KNOWN_PORTS) & ~named)
    seen = known | ~named
    rows, at, length, held, size, several = (one[seen] for one in (rows, at, length, held, size, several))
    columns.put("wg_type", rows, DATA)
    columns.put("wg_receiver", rows, view.u32le(at + 4))
    columns.put("wg_counter", rows, view.u64le(at + 8))
    divisor = np.where(several, size, length)
    count = length // divisor + (length % divisor >= KEEPALIVE)
    told = several | (held >= length)
    columns.put("wg_messages", rows[told], count[told])
    batch.undecided.append(rows[~known[seen]])


def _either(sport: Ints, dport: Ints, ports: tuple[int, ...]) -> Bools:
    found: Bools = np.isin(sport, ports) | np.isin(dport, ports)
    return found


def _message_size(data: bytes) -> int:
    """Return the size of the first message where a further one follows it, 0 where none does.

    All messages of such a datagram are of one session and one size, but the last; their counters rise by one.
    """
    receiver, counter = struct.unpack_from("<IQ", data, 4)
    following = struct.pack("<IIQ", DATA, receiver, counter + 1)
    places = []
    at = data.find(following, KEEPALIVE)
    while at >= 0:
        places.append(at)
        at = data.find(following, at + 1)
    padded = [place for place in places if place % 16 == 0]
    return next(iter(padded or [place for place in places if place >= UNPADDED_FROM]), 0)
