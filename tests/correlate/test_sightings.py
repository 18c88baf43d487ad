"""The packet table as arrays: nothing is lost, null stays null, and codes mean one thing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from captools.correlate.sightings import ABSENT, sightings
from captools.model.packets import PACKETS
from captures.build import LINUX_SLL2, ethernet, icmp_echo, icmp_error, ipv4, pcap, sll2, tcp, udp, vxlan
from tests.correlate.material import S2, material
from tests.correlate.talk import Ends, get, read
from tests.wire.conftest import decode_table

LINK = Ends("10.0.0.1", 40000, "10.0.0.2")


def test_every_row_has_its_point_node_and_addresses():
    rows = read(k8s_w1__eth1=[LINK.ask(0, get()), LINK.answer(1, b"x")], capture=[LINK.ask(2, get())]).rows()
    assert len(rows) == 3
    assert [rows.point(row) for row in range(3)] == ["k8s-w1/eth1", "k8s-w1/eth1", "capture"]
    assert [rows.node(row) for row in range(3)] == ["k8s-w1", "k8s-w1", ""]
    assert (rows.address("src", 0), rows.address("src", 1), rows.address("outer_src", 0)) == (
        "10.0.0.1", "10.0.0.2", None,
    )  # fmt: skip
    assert (rows.number("sport", 0), rows.number("vni", 0), rows.tunnel(0)) == (40000, None, "none")


def test_one_address_has_one_code_in_all_address_columns():
    quoted = ipv4(tcp(sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=6)
    error = ipv4(icmp_error(quoted), src="10.0.0.2", dst="10.0.0.1", proto=1)
    rows = sightings(decode_table({"n/e": pcap([(1, ethernet(error))])}))
    code = rows.code_of_address("10.0.0.1")
    assert code != ABSENT and rows["dst"][0] == rows["quoted_src"][0] == code
    assert rows["src"][0] == rows["quoted_dst"][0] == rows.code_of_address("10.0.0.2")
    assert rows.code_of_address("10.0.0.3") == ABSENT


def test_null_is_absent_and_zero_is_zero():
    reply = ipv4(icmp_echo(b"", ident=0, seq=0, reply=True), src="10.0.0.1", dst="10.0.0.2", proto=1)
    rows = sightings(decode_table({"n/e": pcap([(1, ethernet(reply))])}))
    assert (rows.number("icmp_type", 0), rows.number("icmp_seq", 0)) == (0, 0)
    assert (rows.number("sport", 0), rows.number("arp_op", 0)) == (None, None)
    assert rows["dont_fragment"][0] == 1 and rows["more_fragments"][0] == 0


def test_hashes_keep_all_64_bits():
    packets = material(S2).packets
    rows = sightings(packets)
    for name in ("payload_hash", "payload_head"):
        told = [value or 0 for value in packets[name].to_pylist()]
        assert max(told) > 1 << 63, "the case must hold a hash that a signed number cannot"
        assert rows[name].view(np.uint64).tolist() == told


def test_the_direction_is_told_where_the_link_type_tells_it():
    packet = ipv4(udp(b"", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17)
    cooked = pcap([(1, sll2(packet, packet_type=0)), (2, sll2(packet, packet_type=4))], linktype=LINUX_SLL2)
    rows = sightings(decode_table({"n/e": cooked, "n/f": pcap([(3, ethernet(packet))])}))
    assert [rows.direction(row) for row in range(3)] == ["in", "out", None]


def test_the_mac_is_that_of_the_frame_itself_also_around_a_tunnel():
    inner = ethernet(ipv4(b"", src="10.0.0.1", dst="10.0.0.2", proto=253), src="02:aa:00:00:00:01")
    outer = ipv4(udp(vxlan(inner, vni=1), sport=1, dport=8472), src="192.0.2.1", dst="192.0.2.2", proto=17)
    data = pcap([(1, ethernet(outer, src="02:bb:00:00:00:01")), (2, inner)])
    rows = sightings(decode_table({"n/e": data}))
    assert (rows.mac("eth_src", 0), rows.mac("eth_src", 1)) == ("02:bb:00:00:00:01", "02:aa:00:00:00:01")
    assert (rows.tunnel(0), rows.number("vni", 0), rows.address("outer_dst", 0)) == ("vxlan", 1, "192.0.2.2")


def test_a_frame_without_an_ip_header_has_a_row_and_no_address():
    rows = sightings(decode_table({"n/e": pcap([(1, ethernet(b"", kind=0x9999))])}))
    assert len(rows) == 1 and rows.address("src", 0) is None and rows.mac("eth_dst", 0) == "02:00:00:00:00:02"


def test_a_table_without_rows_is_no_error():
    for table in (PACKETS.empty_table(), pa.concat_tables([PACKETS.empty_table()] * 2)):
        rows = sightings(table)
        assert len(rows) == 0 and rows.addresses == [] and rows.code_of_address("10.0.0.1") == ABSENT


def test_a_table_in_pieces_reads_like_one():
    packets = material(S2).packets
    pieces = pa.concat_tables([packets.slice(0, 10), packets.slice(10)])
    whole, other = sightings(packets), sightings(pieces)
    for row in (0, 9, 10, len(packets) - 1):
        assert (whole.point(row), whole.address("src", row), whole["ts_ns"][row]) == (
            other.point(row), other.address("src", row), other["ts_ns"][row],
        )  # fmt: skip
