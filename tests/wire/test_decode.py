"""The decoder as a whole: every header we build is read back, on any nesting, whole and cut anywhere."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.model.packets import PACKETS
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from captures import build
from tests.wire.layers import ALL

pytestmark = pytest.mark.usefixtures("no_io")

u8, u16, u32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
v4 = st.integers(1, 0xFFFFFFFE).map(lambda n: str(IPv4Address(n)))
v6 = st.integers(1 << 64, (1 << 128) - 1).map(IPv6Address).filter(lambda a: a.ipv4_mapped is None).map(str)
ports = st.integers(1, 65_535).filter(lambda port: port not in (8472, 4789, 6081, 51871, 51820))


@st.composite
def segments(draw: st.DrawFn) -> tuple[bytes, dict[str, object]]:
    """A TCP segment in IPv4 or IPv6 with what the packet table must say of it."""
    fields = {
        "sport": draw(ports), "dport": draw(ports), "seq": draw(u32), "ack": draw(u32),
        "tcp_flags": draw(st.integers(0, 0xFF)), "window": draw(u16),
    }  # fmt: skip
    tsval, tsecr, payload = draw(u32), draw(u32), draw(st.binary(max_size=64))
    segment = build.tcp(
        payload, sport=fields["sport"], dport=fields["dport"], seq=fields["seq"], ack=fields["ack"],
        flags=fields["tcp_flags"], window=fields["window"], options=build.timestamps(tsval, tsecr),
    )  # fmt: skip
    ttl = draw(u8)
    if draw(st.booleans()):
        src, dst, ident = draw(v4), draw(v4), draw(u16)
        packet = build.ipv4(segment, src=src, dst=dst, proto=6, ttl=ttl, ident=ident)
        wanted = {"ip_version": 4, "src": src, "dst": dst, "ip_id": ident, "ip_len": len(packet)}
    else:
        src, dst = draw(v6), draw(v6)
        packet = build.ipv6(segment, src=src, dst=dst, proto=6, hops=ttl)
        wanted = {"ip_version": 6, "src": src, "dst": dst, "ip_len": len(packet)}
    return packet, {
        **fields, **wanted, "proto": 6, "ttl": ttl, "tsval": tsval, "tsecr": tsecr, "payload_len": len(payload),
        "decode_stop": None,
    }  # fmt: skip


def kind_of(packet: bytes) -> int:
    return 0x0800 if packet[0] >> 4 == 4 else 0x86DD


@given(segments())
def test_what_was_built_is_read_back(row_of, made):
    packet, wanted = made
    row = row_of(build.ethernet(packet, kind=kind_of(packet)))
    assert {name: row[name] for name in wanted} == wanted
    assert row["tunnel"] == "none" and row["outer_src"] is None


@given(segments(), v4, v4, st.integers(0, 0xFFFFFF), st.sampled_from([8472, 4789]), u8)
def test_plain_columns_are_the_inner_packet_and_outer_columns_the_tunnel(row_of, made, a, b, vni, port, ttl):
    packet, wanted = made
    inner = build.ethernet(packet, kind=kind_of(packet))
    datagram = build.udp(build.vxlan(inner, vni=vni), sport=40_000, dport=port)
    row = row_of(build.ethernet(build.ipv4(datagram, src=a, dst=b, proto=17, ttl=ttl, ident=77)))
    assert {name: row[name] for name in wanted} == wanted
    outer = {
        "tunnel": "vxlan", "vni": vni, "outer_src": a, "outer_dst": b, "outer_sport": 40_000, "outer_dport": port,
        "outer_ttl": ttl, "outer_ip_id": 77, "depth": 1,
    }  # fmt: skip
    assert {name: row[name] for name in outer} == outer


@given(segments(), st.integers(0, 0xFFFFFF))
def test_geneve_gre_and_ip_in_ip_are_opened_too(row_of, made, vni):
    packet, wanted = made
    tunnels = {
        "geneve": (
            17,
            build.udp(build.geneve(build.ethernet(packet, kind=kind_of(packet)), vni=vni), sport=1, dport=6081),
        ),
        "gre": (47, build.gre(packet, kind=kind_of(packet), key=vni)),
        "ipip": (4 if packet[0] >> 4 == 4 else 41, packet),
    }
    for name, (proto, carried) in tunnels.items():
        row = row_of(build.ethernet(build.ipv4(carried, src="192.0.2.1", dst="192.0.2.2", proto=proto)))
        assert {column: row[column] for column in wanted} == wanted
        assert row["tunnel"] == name
        assert row["vni"] == (None if name == "ipip" else vni)


def test_the_first_tunnel_is_outer_and_the_innermost_packet_is_plain_at_any_depth(row_of):
    packet = build.ipv4(build.udp(b"x", sport=5, dport=6), src="10.0.0.1", dst="10.0.0.2", proto=17)
    for depth in range(1, 5):
        packet_in = build.ethernet(packet)
        datagram = build.udp(build.vxlan(packet_in, vni=depth), sport=9, dport=8472)
        packet = build.ipv4(datagram, src=f"192.0.2.{depth}", dst="192.0.2.99", proto=17)
        row = row_of(build.ethernet(packet))
        assert (row["src"], row["dport"], row["depth"]) == ("10.0.0.1", 6, depth)
        assert (row["outer_src"], row["vni"]) == (f"192.0.2.{depth}", depth)


def _vxlan(draw: st.DrawFn, framed: bytes, packet: bytes, vni: int) -> tuple[int, bytes]:
    return 17, build.udp(build.vxlan(framed, vni=vni), sport=9, dport=draw(st.sampled_from([8472, 4789])))


def _gpe(draw: st.DrawFn, framed: bytes, packet: bytes, vni: int) -> tuple[int, bytes]:
    number = 1 if packet[0] >> 4 == 4 else 2
    body = draw(
        st.sampled_from(
            [
                build.vxlan_gpe(packet, vni=vni, following=number),
                build.vxlan_gpe(framed, vni=vni, following=3),
                build.vxlan_gpe(build.nsh(packet, following=number, context=bytes(4)), vni=vni, following=4),
                build.vxlan_gpe(build.mpls(packet, 5, 6), vni=vni, following=5),
            ]
        )
    )
    return 17, build.udp(body, sport=9, dport=4790)


def _geneve(draw: st.DrawFn, framed: bytes, packet: bytes, vni: int) -> tuple[int, bytes]:
    options = draw(st.integers(0, 4).map(lambda count: b"\1\2\3\1abcd" * count))
    shape = draw(st.sampled_from([(0x6558, framed), (kind_of(packet), packet)]))
    return 17, build.udp(build.geneve(shape[1], vni=vni, kind=shape[0], options=options), sport=9, dport=6081)


def _gre(draw: st.DrawFn, framed: bytes, packet: bytes, vni: int) -> tuple[int, bytes]:
    shapes = [(0x6558, framed), (kind_of(packet), packet), (0x8847, build.mpls(packet, 5))]
    kind, body = draw(st.sampled_from(shapes))
    return 47, build.gre(body, kind=kind, key=vni, seq=draw(st.none() | u32), summed=draw(st.booleans()))


def _ipip(draw: st.DrawFn, framed: bytes, packet: bytes, vni: int) -> tuple[int, bytes]:
    proto = 4 if packet[0] >> 4 == 4 else 41
    if draw(st.booleans()):
        return 51, build.authenticated(packet, following=proto, spi=300, seq=4)
    return proto, packet


TUNNELS = {"vxlan": _vxlan, "vxlan-gpe": _gpe, "geneve": _geneve, "gre": _gre, "ipip": _ipip}


@st.composite
def stacks(draw: st.DrawFn) -> tuple[bytes, dict[str, object]]:
    """A segment in up to eight tunnels, behind tags or labels, with what the packet table must say of it."""
    packet, wanted = draw(segments())
    wanted |= {"tunnel": "none", "depth": 0, "vni": None, "outer_src": None, "outer_dst": None, "outer_ttl": None}
    for depth in range(1, draw(st.integers(0, 8)) + 1):
        name, vni = draw(st.sampled_from(sorted(TUNNELS))), draw(st.integers(0, 0xFFFFFF))
        proto, body = TUNNELS[name](draw, build.ethernet(packet, kind=kind_of(packet)), packet, vni)
        ttl = draw(u8)
        if draw(st.booleans()):
            src, dst = draw(v4), draw(v4)
            packet = build.ipv4(body, src=src, dst=dst, proto=proto, ttl=ttl, options=b"\1" * draw(st.integers(0, 40)))
        else:
            src, dst = draw(v6), draw(v6)
            for _ in range(draw(st.integers(0, 2))):
                body, proto = build.extension(body, following=proto, body=b"\1\4\0\0\0\0"), 60
            packet = build.ipv6(body, src=src, dst=dst, proto=proto, hops=ttl)
        wanted |= {"tunnel": name.partition("-")[0], "depth": depth, "vni": None if name == "ipip" else vni}
        wanted |= {"outer_src": src, "outer_dst": dst, "outer_ttl": ttl}
    frame = build.ethernet(packet, kind=kind_of(packet), vlans=draw(st.lists(st.integers(0, 4095), max_size=3)))
    labels = draw(st.lists(st.integers(0, 0xFFFFF), max_size=3))
    if labels:
        inside = draw(st.sampled_from([packet, bytes(4) + frame]))
        frame = build.ethernet(build.mpls(inside, *labels), kind=0x8847)
        wanted["mpls_label"] = labels[0]
    return frame, wanted


@given(stacks())
def test_any_stack_of_tunnels_tags_and_labels_is_read_back(row_of, made):
    frame, wanted = made
    row = row_of(frame)
    assert {name: row[name] for name in wanted} == wanted


# What the last header decides that is there: the protocol behind extension headers, and where the reading ended.
_MOVES = ("decode_stop", "decode_stop_at", "cap_len", "frame", "proto", "payload_hash", "payload_head", "wg_messages",
          "more_fragments", "quoted_proto", "ethertype", "eth_src", "eth_dst", "vlan")  # fmt: skip


# Each says of itself what only a header behind the cut corrects: the length of its frame, the SPI before it.
@pytest.mark.parametrize("name", [name for name in ALL if name not in ("jumbo-padded", "ah-esp")])
def test_a_frame_cut_at_every_byte_keeps_every_field_that_fits(rows_of, name):
    frame = ALL[name]
    cuts = [build.pcap([(1, frame)], snaplen=cut)[24:] for cut in (*range(1, min(len(frame), 400)), len(frame))]
    rows = rows_of(build.pcap([]) + b"".join(cuts))
    whole = rows[-1]
    for row in rows:
        same_depth = row["depth"] == whole["depth"] and row["mpls_label"] == whole["mpls_label"]
        for column in whole if same_depth else ():
            if column not in _MOVES and not (column.startswith("quoted_") and row["quoted_src"] != whole["quoted_src"]):
                assert row[column] in (None, whole[column]), (row["cap_len"], column)


@given(stacks(), st.binary(max_size=40), st.data())
def test_a_random_tail_never_changes_what_stands_before_it(row_of, made, tail, data):
    frame, wanted = made
    row = row_of(frame + tail)
    assert {name: row[name] for name in wanted} == wanted
    cut = data.draw(st.integers(0, len(frame)))
    grafted = row_of(frame[:cut] + tail)
    assert grafted["wire_len"] == cut + len(tail)


@given(segments(), st.data())
def test_a_packet_cut_anywhere_keeps_its_row_and_every_field_that_fits(rows_of, made, data):
    packet, wanted = made
    inner = build.ethernet(packet, kind=kind_of(packet))
    frame = build.ethernet(
        build.ipv4(
            build.udp(build.vxlan(inner, vni=5), sport=1, dport=8472), src="192.0.2.1", dst="192.0.2.2", proto=17
        )
    )
    cut = data.draw(st.integers(0, len(frame)))
    (row,) = rows_of(build.pcap([(1, frame)], snaplen=max(cut, 1)))
    header = 14 + 20 + 8 + 8 + 14
    assert row["wire_len"] == len(frame) and row["cap_len"] == max(cut, 1)
    for name, value in wanted.items() if row["tunnel"] == "vxlan" else ():
        if name != "decode_stop" and row[name] is not None:
            assert row[name] == value, name
    assert row["tunnel"] == "none" or row["outer_src"] == "192.0.2.1"
    if 1 <= cut < header + 20:
        assert row["decode_stop"] == "truncated"
        assert row["decode_stop_at"] <= cut


@given(
    st.lists(st.binary(max_size=120), max_size=6), st.sampled_from([0, 1, 12, 101, 108, 113, 228, 229, 276, 147, 239])
)
def test_any_bytes_give_one_row_each_and_never_an_exception(rows_of, frames, linktype):
    rows = rows_of(build.pcap([(at, frame) for at, frame in enumerate(frames)], linktype=linktype))
    assert [row["frame"] for row in rows] == list(range(1, len(frames) + 1))
    assert [row["cap_len"] for row in rows] == [len(frame) for frame in frames]


@given(segments(), st.data())
def test_random_damage_in_a_good_packet_never_raises(row_of, made, data):
    frame = bytearray(build.ethernet(made[0], kind=kind_of(made[0])))
    for _ in range(data.draw(st.integers(1, 8))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(u8)
    assert row_of(bytes(frame))["wire_len"] == len(frame)


def test_the_same_packets_in_one_batch_and_one_by_one_give_the_same_rows(rows_of):
    frames = [
        build.ethernet(
            build.ipv4(build.udp(bytes([n]) * n, sport=n + 1, dport=53), src="10.0.0.1", dst="10.0.0.2", proto=17)
        )
        for n in range(40)
    ]
    together = rows_of(build.pcap(list(enumerate(frames))))
    alone = [rows_of(build.pcap([(at, frame)]))[0] for at, frame in enumerate(frames)]
    for number, row in enumerate(alone, start=1):
        row["frame"] = number
    assert together == alone


def test_an_unknown_link_type_keeps_its_rows_with_the_reason(row_of):
    row = row_of(b"\x00" * 40, linktype=147)
    assert (row["decode_stop"], row["src"], row["cap_len"]) == ("unknown-linktype", None, 40)


def test_an_empty_capture_gives_an_empty_table_of_the_same_schema():
    data = build.pcap([])
    table = decode(BytesView(data), read_records(data, "t"), Naming(source="t", points=("n/e",)))
    assert table.schema == PACKETS and len(table) == 0


def test_a_capture_of_any_names_its_interfaces_from_the_nodes_own_list_and_never_guesses():
    packet = build.ipv4(build.udp(b"", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17)
    data = build.pcap(
        [(1, build.sll2(packet, ifindex=3)), (2, build.sll2(packet, ifindex=9, packet_type=4))], linktype=276
    )
    naming = Naming(source="any", points=("router/any",), by_ifindex={3: "router/eth1"})
    table = decode(BytesView(data), read_records(data, "t"), naming)
    assert table["point"].to_pylist() == ["router/eth1", "router/#9"]
    assert table["direction"].to_pylist() == ["in", "out"]
