"""Lanes: one number for each direction of a conversation, whatever its addresses."""

from __future__ import annotations

import numpy as np

from captools.correlate.same.lanes import lanes, variants
from captools.correlate.sightings import ABSENT
from captures.build import arp, ethernet
from tests.correlate.same.wires import ACK, SYN, US, Segment, groups_of, read

NODE = "192.168.10.100"


def test_a_translated_conversation_has_two_lanes_and_its_pairs_are_variants():
    out, back = Segment(flags=SYN), Segment("172.20.2.33", 80, "172.20.0.88", 40000, seq=5, flags=SYN | ACK)
    rows = read({
        "a/lxc": [out.at(0), back.but(ttl=62).at(90 * US)],
        "a/eth": [out.but(src=NODE, sport=6123, ttl=63).at(10 * US), back.but(dst=NODE, dport=6123, ttl=63).at(80 * US)],
        "b/lxc": [(0, ethernet(arp(op=1, sender="10.0.0.1", target="10.0.0.2"), kind=0x0806))],
    })  # fmt: skip
    groups = groups_of(rows)
    lane, variant = lanes(rows, groups), variants(rows, groups)
    assert lane.tolist() == [0, 1, 0, 1, ABSENT]
    assert variant[0] == variant[1] != variant[2] == variant[3]


def test_a_conversation_with_one_pair_of_addresses_has_no_variants():
    rows = read({"a/lxc": [Segment(flags=SYN).at(0)]})
    groups = groups_of(rows)
    assert (lanes(rows, groups).tolist(), variants(rows, groups).tolist()) == ([0], [ABSENT])


def test_nothing_has_no_lanes():
    rows = read({"a/lxc": []})
    assert len(lanes(rows, [])) == 0 and len(variants(rows, [])) == 0
    assert lanes(rows, []).dtype == np.int64
