"""In which header of a packet a protocol is."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from captools.views.filter.layers import PRESENT, mapped
from captools.views.filter.registry import Slot
from captools.views.filter.rows import Rows


@pytest.mark.parametrize(
    ("protocol", "slot", "frames"),
    [("eth", Slot.OUTER, [2]), ("eth", Slot.INNER, [1, 2, 3, 4, 5, 6, 7, 8, 9]), ("sll", Slot.INNER, [10]),
     ("vlan", Slot.INNER, [6]), ("arp", Slot.INNER, [3]), ("ip", Slot.OUTER, [2]), ("ip", Slot.QUOTED, [4]),
     ("ipv6", Slot.INNER, [6]), ("ipv6", Slot.OUTER, []), ("tcp", Slot.INNER, [1, 2, 5, 9, 10]),
     ("tcp", Slot.QUOTED, [4]), ("udp", Slot.OUTER, [2]), ("udp", Slot.INNER, [6, 7]), ("icmp", Slot.INNER, [4, 8]),
     ("vxlan", Slot.INNER, [2]), ("wg", Slot.INNER, [7]), ("geneve", Slot.INNER, [])],
)  # fmt: skip
def test_a_protocol_is_in_the_headers_where_it_is(rows, protocol, slot, frames):
    assert [at for at, there in enumerate(PRESENT[protocol, slot](rows), 1) if there] == frames


def test_an_ipv4_address_is_told_by_its_prefix(rows):
    assert [at for at, four in enumerate(mapped(rows, "src"), 1) if four] == [1, 2, 4, 5, 7, 8, 9, 10]


def test_tls_is_where_a_record_begins_or_a_hello_stands(packets, tables):
    record = int.from_bytes(bytes.fromhex("1703030020aabbcc"), "big")
    heads = pa.array([record, None, None, None, record >> 1, None, None, None, None, record + (9 << 40)], pa.uint64())
    with_record = packets.set_column(packets.column_names.index("payload_head"), "payload_head", heads)
    there = PRESENT["tls", Slot.INNER](Rows(replace(tables, packets=with_record)))
    assert [at for at, yes in enumerate(there, 1) if yes] == [1, 5, 9]  # 5 and 9: their hellos; 10: no such version
