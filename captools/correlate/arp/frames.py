"""The ARP frames of a packet table as arrays, with the segment each was heard on (RFC 826, RFC 5227)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.correlate.sightings import ABSENT, Ints, Sightings

Bools = npt.NDArray[np.bool_]
REQUEST, REPLY = 1, 2
_NOBODY = "0.0.0.0"  # the sender of a probe, who has no address yet (RFC 5227, section 1.1)
_GROUP = np.int64(1) << np.int64(40)  # the bit of a MAC address that marks groups and broadcast


@dataclass(frozen=True, slots=True)
class ArpFrames:
    """All requests and replies, in order of time. MAC addresses are numbers, 0 where a text log does not tell.

    ``row`` counts in the packet table; ``place`` is where a frame can be seen once (point, VLAN, VNI and source),
    ``segment`` joins the places that hear the same broadcasts. Addresses are codes of the sightings.
    """

    row: Ints
    time: Ints
    point: Ints
    place: Ints
    segment: Ints
    sender: Ints
    target: Ints
    sender_mac: Ints
    target_mac: Ints
    asks: Bools  # a question for an address that is not the sender's own
    answers: Bools  # a reply to one machine
    announces: Bools  # gratuitous: a question for the own address, or a reply to everybody

    def __len__(self) -> int:
        return len(self.row)

    @property
    def claims(self) -> Bools:
        """Frames that say whose the sender's address is."""
        return self.answers | self.announces


def arp_frames(rows: Sightings) -> ArpFrames:
    """Return the ARP frames of ``rows``; those that carry no addresses are left out."""
    some = np.flatnonzero(np.isin(rows["arp_op"], (REQUEST, REPLY)) & (rows["arp_sender_ip"] != ABSENT))
    some = some[np.argsort(rows["ts_ns"][some], kind="stable")]
    op, sender, target = (rows[name][some] for name in ("arp_op", "arp_sender_ip", "arp_target_ip"))
    nobody = rows.code_of_address(_NOBODY)
    to = macs(rows.table, "eth_dst", some)
    sender_mac = macs(rows.table, "arp_sender_mac", some)
    sender_mac = np.where(sender_mac == 0, macs(rows.table, "eth_src", some), sender_mac)
    own = (sender == target) & (sender != nobody)
    replies = op == REPLY
    announces = own | replies & (to & _GROUP != 0)
    place = _places(rows, some)
    asks = (op == REQUEST) & ~own & (target != ABSENT)
    return ArpFrames(
        row=some,
        time=rows["ts_ns"][some],
        point=rows["point"][some],
        place=place,
        segment=_segments(
            place, np.stack([sender_mac, sender, target]), (asks | announces) & ((to & _GROUP != 0) | (to == 0))
        ),
        sender=sender,
        target=target,
        sender_mac=sender_mac,
        target_mac=macs(rows.table, "arp_target_mac", some),
        asks=asks,
        answers=replies & ~announces & (sender != nobody),
        announces=announces & (sender != nobody),
    )


def macs(table: pa.Table, name: str, some: Ints) -> Ints:
    """Return a MAC column of the rows ``some`` as numbers; 0 where it is null."""
    taken = pc.fill_null(table[name].take(pa.array(some)), bytes(6)).combine_chunks()
    if isinstance(taken, pa.ChunkedArray):  # no rows at all
        return np.empty(0, np.int64)
    raw = np.frombuffer(taken.buffers()[1], np.uint8, count=6 * len(taken), offset=6 * taken.offset)
    weights = np.int64(1) << (np.int64(8) * np.arange(5, -1, -1, dtype=np.int64))
    numbers: Ints = raw.reshape(-1, 6).astype(np.int64) @ weights
    return numbers


def mac_name(number: int) -> str:
    """Return a MAC address as text; the empty string for 0."""
    return int(number).to_bytes(6, "big").hex(":") if number else ""


def is_group(addresses: Ints) -> Bools:
    """Tell which MAC addresses are those of groups, broadcast included."""
    found: Bools = addresses & _GROUP != 0
    return found


def _places(rows: Sightings, some: Ints) -> Ints:
    columns = np.stack([rows[name][some] for name in ("point", "vlan", "vni", "source")])
    return numbered(columns)


def _segments(place: Ints, said: Ints, broadcast: Bools) -> Ints:
    """Join the places at which the same machine said the same thing to everybody: routers pass no such frame on."""
    segment = np.arange(int(place.max(initial=-1)) + 1)
    if not len(segment):
        return place
    pairs = np.unique(np.stack([numbered(said[:, broadcast]), place[broadcast]]), axis=1)
    while True:
        lowest = np.full(int(pairs[0].max(initial=-1)) + 1, len(segment))
        np.minimum.at(lowest, pairs[0], segment[pairs[1]])
        joined = segment.copy()
        np.minimum.at(joined, pairs[1], lowest[pairs[0]])
        joined = joined[joined]
        if (joined == segment).all():
            return segment[place]
        segment = joined


def numbered(columns: Ints) -> Ints:
    """Return one number per column of a matrix, the same for equal ones."""
    if not columns.shape[1]:
        return np.empty(0, np.int64)
    return np.unique(columns, axis=1, return_inverse=True)[1].reshape(-1)
