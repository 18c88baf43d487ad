"""WireGuard, one packet at a time (see captools.wire.wireguard)."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import u32le, u64le
from captools.wire.kernels.marks import WG_COUNTED, WIREGUARD
from captools.wire.wireguard import (
    COOKIE,
    COUNTER_BITS,
    DATA,
    DATA_HEADER,
    DNS_PORT,
    INITIATION,
    KEEPALIVE,
    RESPONSE,
    SIZES,
    UNPADDED_FROM,
    WELL_KNOWN_PORTS,
)

_PORT_A, _PORT_B = WELL_KNOWN_PORTS
_INITIATION, _RESPONSE, _COOKIE = SIZES[INITIATION], SIZES[RESPONSE], SIZES[COOKIE]
_COUNTER_BITS, _ONE = np.uint64(COUNTER_BITS), np.uint64(1)


@kernel
def wireguard(f: Any, s: Any) -> None:
    """Read a WireGuard message, recognised by its bytes.

    ``wg_known`` 0 marks a data message whose length proves nothing on ports that prove nothing: it counts where a
    handshake used one of its ports (captools.wire.settle decides that).
    """
    if s.at + 12 > s.end:
        return
    at = s.at
    kind = u32le(f, at)
    if kind < INITIATION or kind > DATA:
        return
    length = s.wire_end - at
    s.wg_known = 1
    if kind == INITIATION and length == _INITIATION:
        s.wg_sender = u32le(f, at + 4)
    elif kind == RESPONSE and length == _RESPONSE:
        s.wg_sender = u32le(f, at + 4)
        s.wg_receiver = u32le(f, at + 8)
    elif kind == COOKIE and length == _COOKIE:
        s.wg_receiver = u32le(f, at + 4)
    elif kind != DATA or length < KEEPALIVE or at + DATA_HEADER > s.end or not _data(f, s, length):
        return
    s.wg_type = kind
    s.rare |= WIREGUARD


@kernel
def _data(f: Any, s: Any, length: Any) -> Any:
    """Read a data message; False where it cannot be one."""
    s.wg_receiver = u32le(f, s.at + 4)
    s.wg_counter = u64le(f, s.at + 8)
    if s.wg_counter >> _COUNTER_BITS:
        return False
    size = _message_size(f, s)
    if length % 16 != 0 and size == 0:
        if s.sport == DNS_PORT or s.dport == DNS_PORT:
            return False
        s.wg_known = s.sport == _PORT_A or s.sport == _PORT_B or s.dport == _PORT_A or s.dport == _PORT_B
    if size:
        s.wg_messages = length // size + (1 if length % size >= KEEPALIVE else 0)
        s.rare |= WG_COUNTED
    elif s.at + length <= s.end:
        s.wg_messages = 1
        s.rare |= WG_COUNTED
    return True


@kernel
def _message_size(f: Any, s: Any) -> Any:
    """Return the size of the first message where a further one follows it, 0 where none does."""
    last = s.end - s.at - DATA_HEADER
    head = u64le(f, s.at)
    counter = s.wg_counter + _ONE
    for size in range(KEEPALIVE, last + 1, 16):
        if u64le(f, s.at + size) == head and u64le(f, s.at + size + 8) == counter:
            return size
    for size in range(UNPADDED_FROM, last + 1):
        if u64le(f, s.at + size) == head and u64le(f, s.at + size + 8) == counter:
            return size
    return 0
