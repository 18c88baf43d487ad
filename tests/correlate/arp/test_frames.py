"""ARP frames: what each of them is, and which points hear the same broadcasts."""

from __future__ import annotations

import numpy as np

from captools.correlate.arp.frames import arp_frames, is_group, mac_name, macs, numbered
from captools.correlate.sightings import sightings
from captures.build import arp, ethernet, pcap
from tests.correlate.arp_segment import ROUTER, VIP, A, B, Segment
from tests.wire.conftest import decode_table

EVERYBODY = "ff:ff:ff:ff:ff:ff"


def frames_of(*bodies: tuple[bytes, str]):
    data = pcap([(at, ethernet(body, kind=0x0806, dst=to)) for at, (body, to) in enumerate(bodies, start=1)])
    rows = sightings(decode_table({"n/eth0": data}))
    return rows, arp_frames(rows)


def test_questions_answers_and_announcements_are_told_apart():
    # RFC 5227: a probe asks as nobody (section 1.1), an announcement asks for the own address (section 3).
    _, frames = frames_of(
        (arp(op=1, sender="10.0.0.1", target=VIP), EVERYBODY),
        (arp(op=2, sender=VIP, target="10.0.0.1"), "02:00:00:00:00:09"),
        (arp(op=1, sender=VIP, target=VIP), EVERYBODY),
        (arp(op=2, sender=VIP, target=VIP), EVERYBODY),
        (arp(op=1, sender="0.0.0.0", target=VIP), EVERYBODY),
        (arp(op=1, sender="10.0.0.1", target=VIP), "02:00:00:00:00:09"),
    )
    assert frames.asks.tolist() == [True, False, False, False, True, True]
    assert frames.answers.tolist() == [False, True, False, False, False, False]
    assert frames.announces.tolist() == [False, False, True, True, False, False]
    assert frames.claims.tolist() == [False, True, True, True, False, False]


def test_other_operations_are_no_claim():
    _, frames = frames_of(
        (arp(op=3, sender="10.0.0.1", target=VIP), EVERYBODY), (arp(op=9, sender=VIP, target=VIP), EVERYBODY)
    )
    assert len(frames) == 0


def test_points_that_hear_one_broadcast_are_one_segment_and_others_are_not():
    rows, frames = Segment().ask(0).resolve(10, A, B).arp_frames()
    assert len(set(frames.segment.tolist())) == 1 and len(set(frames.place.tolist())) == 3
    apart = Segment(points=(f"{A}/eth1", f"{B}/eth1")).answer(0, A, ROUTER).answer(1, B, ROUTER)
    assert len(set(apart.arp_frames()[1].segment.tolist())) == 2


def test_an_announcement_joins_the_points_that_hear_it_too():
    assert len(set(Segment().announce(0, A).arp_frames()[1].segment.tolist())) == 1


def test_a_question_to_one_machine_joins_nothing():
    asked = Segment(points=(f"{A}/eth1", f"{ROUTER}/eth1")).ask(0, ROUTER, to=A)
    assert len(set(asked.arp_frames()[1].segment.tolist())) == 2


def test_frames_are_in_order_of_time():
    _, frames = Segment().ask(500).ask(0).announce(250, A).arp_frames()
    assert (np.diff(frames.time) >= 0).all()


def test_mac_addresses_are_numbers_that_read_back():
    rows, frames = frames_of((arp(op=1, sender="10.0.0.1", target=VIP, sender_mac="02:aa:00:ff:10:01"), EVERYBODY))
    assert mac_name(int(frames.sender_mac[0])) == "02:aa:00:ff:10:01" and mac_name(0) == ""
    to = macs(rows.table, "eth_dst", frames.row)
    assert mac_name(int(to[0])) == EVERYBODY and is_group(to).tolist() == [True]
    assert macs(rows.table, "eth_dst", frames.row[:0]).tolist() == []


def test_equal_columns_have_one_number():
    assert len(set(numbered(np.array([[1, 1, 2], [5, 5, 5]])).tolist())) == 2
    assert numbered(np.empty((2, 0), np.int64)).tolist() == []
