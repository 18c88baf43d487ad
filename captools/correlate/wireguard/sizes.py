"""Sizes: how long the messages are that carry an IP packet, super-frames cut into segments included.

A data message carries 32 bytes of its own and the packet padded to 16, but never beyond the device's MTU
(drivers/net/wireguard/send.c, calculate_skb_padding). So sizes are compared in units of 16 bytes of plaintext, rounded
up: that is the same number for the packet and for its message, whatever the MTU.
"""

from __future__ import annotations

import numpy as np

from captools.correlate.sightings import Ints
from captools.correlate.wireguard.messages import HEADER

UNIT = 16
_LEAST_MTU = 1280  # of a link that carries IPv6 (RFC 8200, section 5); nobody makes WireGuard's smaller


def units(plaintext: Ints) -> Ints:
    """Return lengths of IP packets, or of the plaintext of messages, in padded units."""
    found: Ints = -(-plaintext // UNIT)
    return found


def message_units(size: Ints) -> Ints:
    """Return sizes of data messages in units of their plaintext; negative where the size is not known."""
    return np.where(size < HEADER, -1, units(size - HEADER))


def cut(length: Ints, payload: Ints, largest: int) -> tuple[Ints, Ints]:
    """Cut packets of ``length`` bytes (``payload`` of them behind all headers) into segments of at most ``largest``.

    Returns the segments' lengths and, for each, the number of its packet. Each segment repeats the headers, as
    segmentation by the kernel does (GSO); a packet that fits, or that has no payload to cut, stays whole.
    """
    head = length - payload
    room = np.maximum(largest - head, 1)
    whole = (length <= largest) | (payload <= 0) | (largest <= head)
    count = np.where(whole, 1, -(-payload // room))
    parent = np.repeat(np.arange(len(length)), count)
    within = np.arange(len(parent)) - np.repeat(np.cumsum(count) - count, count)
    rest = payload - (count - 1) * room
    segment = np.where(within == count[parent] - 1, rest[parent], room[parent])
    return np.where(whole[parent], length[parent], head[parent] + segment), parent


def largest_packet(length: Ints, payload: Ints, sizes: Ints, mtu: int) -> int:
    """Return the length of the packets that fill a message, from the messages that were seen.

    A largest message that is no multiple of 16 tells it exactly, since the padding stopped at the MTU. Else it is one of
    sixteen lengths: the device's own ``mtu`` (0 where unknown), or the one with which the super-frames' segments give
    the messages seen.
    """
    top = int(sizes.max(initial=HEADER)) - HEADER
    if top < _LEAST_MTU - UNIT:
        return max(
            top, int(length.max(initial=0))
        )  # the full ones were not seen: nothing tells a super-frame's segments
    if top % UNIT or not (length > top).any():
        return top
    if top - UNIT < mtu <= top:
        return mtu
    seen = np.bincount(message_units(sizes[sizes >= HEADER]))
    best, least = top, -1
    for largest in range(top, top - UNIT, -1):
        told = np.bincount(units(cut(length, payload, largest)[0]), minlength=len(seen))
        apart = int(np.abs(told - np.pad(seen, (0, len(told) - len(seen)))).sum())
        if least < 0 or apart < least:
            best, least = largest, apart
    return best
