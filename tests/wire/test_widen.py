"""The wide table from the normalised ones: whole, in slices, with points named as the reference names them."""

from __future__ import annotations

import pytest

from captools.model.packets import PACKETS
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from captools.wire.widen import widen
from captures import build
from captures.generate import generate
from tests.wire.equality import assert_equal, compiled, mutated, naming_of, plain, reference

pytestmark = pytest.mark.slow


def test_any_slice_is_that_slice_of_the_whole():
    data = mutated(b"".join(generate(packets=3_000, seed=6)), 1)
    narrow, wanted = compiled(data), reference(data)
    for first, count in ((0, 10), (1_500, 1), (2_990, 10), (2_990, 100), (700, None), (3_000, 5)):
        assert_equal(plain(widen(narrow, naming_of(1), first=first, count=count)), wanted.slice(first, count))


def test_a_capture_of_any_names_its_interfaces_as_the_reference_does():
    packet = build.ipv4(build.udp(b"", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17)
    frames = [(at, build.sll2(packet, ifindex=index, packet_type=4)) for at, index in enumerate((3, 9, 3, 0))]
    data = build.pcap([*frames, (9, b"cut")], linktype=276)
    naming = Naming(source="any", points=("router/any",), by_ifindex={3: "router/eth1", 5: "router/any"})
    found = widen(compiled(data), naming)
    assert_equal(plain(found), plain(decode(BytesView(data), read_records(data, "t"), naming)))
    assert found["point"].to_pylist() == ["router/eth1", "router/#9", "router/eth1", "router/#0", "router/any"]


def test_an_empty_capture_is_an_empty_table_of_the_same_schema():
    table = widen(compiled(build.pcap([])), naming_of(1))
    assert table.schema == PACKETS and len(table) == 0
