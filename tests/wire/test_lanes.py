"""Segments of a packet table, gathered into the streams of their conversations."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.lanes import conversations, payloads
from captures import build
from tests.wire.conversation import FIN, Decoded, Seg, captured, decoded, opening, shuffled


def streams(capture: Decoded):
    view, records, packets = capture
    return list(conversations(view, records, packets, np.ones(len(packets), np.bool_)))


def only(capture: Decoded):
    """The streams of the asking side of the one conversation."""
    (sides,) = streams(capture)
    (asking,) = [side for side in sides if side]
    return asking


def test_two_directions_of_a_conversation_come_together_whichever_is_seen_first():
    ((first, second),) = streams(captured(Seg(b"answer", answer=True), Seg(b"question")))
    assert {one.read(0, 9) for one in (*first, *second)} == {b"answer", b"question"} and len(first) == len(second) == 1


def test_bare_acknowledgements_carry_no_stream():
    ack = build.ethernet(build.ipv4(build.tcp(sport=9, dport=53), src="10.0.0.1", dst="10.0.0.2", proto=6))
    assert streams(decoded([ack])) == []


def test_other_ports_other_tunnels_and_other_vlans_are_other_conversations():
    inner = build.ipv4(build.tcp(b"x" * 9, sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=6)
    plain = build.ethernet(inner)
    tagged = build.ethernet(inner, vlans=(7,))
    outer = build.udp(build.vxlan(plain, vni=5), sport=9, dport=8472)
    tunnelled = build.ethernet(build.ipv4(outer, src="192.0.2.1", dst="192.0.2.2", proto=17))
    other = build.ethernet(build.ipv4(outer, src="192.0.2.1", dst="192.0.2.3", proto=17))
    assert len(streams(decoded([plain, tagged, tunnelled, other, plain, tunnelled]))) == 4


def test_the_two_directions_of_a_tunnelled_conversation_belong_together():
    def frame(src: str, dst: str, back: bool) -> bytes:
        ports = (80, 4000) if back else (4000, 80)
        inner = build.ipv4(build.tcp(b"hello", sport=ports[0], dport=ports[1]), src=src, dst=dst, proto=6)
        outer = build.udp(build.vxlan(build.ethernet(inner), vni=5), sport=5000 + back, dport=8472)
        nodes = ("192.0.2.2", "192.0.2.1") if back else ("192.0.2.1", "192.0.2.2")
        return build.ethernet(build.ipv4(outer, src=nodes[0], dst=nodes[1], proto=17))

    ((one, other),) = streams(decoded([frame("10.0.0.1", "10.0.0.2", False), frame("10.0.0.2", "10.0.0.1", True)]))
    assert len(one) == len(other) == 1


def test_ports_used_again_give_two_streams():
    first, second = only(captured(opening(), Seg(b"old"), opening(isn=5_000), Seg(b"new", isn=5_000)))
    assert (first.read(0, 3), second.read(0, 3), second.opened) == (b"old", b"new", True)


def test_a_repeated_syn_begins_nothing_new():
    (stream,) = only(captured(opening(), opening(), Seg(b"data"), opening()))
    assert stream.read(0, 4) == b"data"


def test_data_that_overtook_its_syn_keeps_its_place():
    (stream,) = only(captured(Seg(b"second", 5), Seg(b"first"), opening()))
    assert (stream.read(0, 11), stream.opened) == (b"firstsecond", True)


def test_a_segment_far_outside_every_window_is_another_stream():
    first, second = only(captured(Seg(b"here"), Seg(b"forged", 0x6000_0000), Seg(b"too", 4)))
    assert (first.read(0, 7), second.read(0, 6)) == (b"heretoo", b"forged")


def test_bytes_that_the_capture_cut_off_are_missing_and_the_next_segment_keeps_its_place():
    (stream,) = only(captured(opening(), Seg(b"a" * 100), Seg(b"b" * 10, 100), snaplen=74))
    assert (stream.read(0, 100), stream.read(100, 10)) == (b"a" * 20, b"b" * 10)


def test_the_place_of_the_fin_is_known():
    (stream,) = only(captured(opening(), Seg(b"data"), Seg(b"", 4, flags=FIN)))
    assert stream.fin == 4


def test_where_a_payload_lies_and_how_much_of_it_was_captured_is_told():
    view, records, packets = captured(Seg(b"0123456789"), snaplen=58)
    where = payloads(records, packets, np.array([0]))
    assert (where.held.tolist(), where.length.tolist()) == ([4], [10])
    assert view.bytes[where.begin[0] : where.begin[0] + 4].tobytes() == b"0123"


@given(st.data(), st.binary(min_size=1, max_size=700))
def test_any_order_gives_the_same_stream(data: st.DataObject, payload: bytes) -> None:
    (stream,) = only(captured(*data.draw(shuffled(payload))))
    assert stream.read(0, len(payload)) == payload and stream.opened
