"""DNS messages over UDP and TCP, and what hostile ones may do."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.cursor import Cursor, Short
from captools.wire.dns import dns_messages, read_message, read_name
from captures import build
from tests.wire.conversation import Seg, captured, decoded, opening, shuffled

QUERY, ANSWER = 0x0100, 0x8180


def name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def record(owner: bytes, kind: int, data: bytes) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def message(*answers: bytes, qname: str = "shop.svc.cluster.local", kind: int = 1, flags: int = QUERY) -> bytes:
    head = struct.pack("!HHHHHH", 0x1234, flags, 1, len(answers), 0, 0)
    return head + name(qname) + struct.pack("!HH", kind, 1) + b"".join(answers)


def over_udp(payload: bytes, sport: int = 40_000, dport: int = 53, **more: Any) -> list[dict[str, Any]]:
    datagram = build.udp(payload, sport=sport, dport=dport)
    frame = build.ethernet(build.ipv4(datagram, src="10.0.0.1", dst="10.0.0.2", proto=17))
    found: list[dict[str, Any]] = dns_messages(*decoded([frame], **more)).to_pylist()
    return found


def over_tcp(*segments: Seg) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dns_messages(*captured(*segments)).to_pylist()
    return found


def test_a_question_gives_its_name_and_type():
    (one,) = over_udp(message(kind=28))
    assert (one["id"], one["response"], one["qname"], one["qtype"]) == (0x1234, False, "shop.svc.cluster.local", 28)
    assert (one["answers"], one["opcode"], one["rcode"], one["complete"], one["frame"]) == ([], 0, 0, True, 1)


def test_an_answer_gives_its_addresses_and_aliases_in_order():
    alias = record(b"\xc0\x0c", 5, b"\4real\xc0\x0c")
    (one,) = over_udp(
        message(alias, record(b"\xc0\x0c", 1, bytes([192, 0, 2, 7])), record(b"\xc0\x0c", 28, bytes(15) + b"\1"),
                record(b"\xc0\x0c", 16, b"\4text"), flags=ANSWER | 3),
        sport=53, dport=40_000,
    )  # fmt: skip
    assert one["answers"] == ["real.shop.svc.cluster.local", "192.0.2.7", "::1"]
    assert (one["response"], one["rcode"], one["complete"]) == (True, 3, True)


@pytest.mark.parametrize(("ports", "seen"), [((53, 9), 1), ((9, 5353), 1), ((9, 10), 0)])
def test_only_the_ports_of_dns_are_read(ports: tuple[int, int], seen: int):
    assert len(over_udp(message(), *ports)) == seen


def test_messages_over_tcp_follow_each_other_and_may_be_cut_anywhere():
    whole = b"".join(struct.pack("!H", len(one)) + one for one in (message(), message(kind=28), message(kind=33)))
    found = over_tcp(opening(port=53), *(Seg(whole[at : at + 30], at, port=53) for at in range(0, len(whole), 30)))
    assert [(one["qtype"], one["complete"]) for one in found] == [(1, True), (28, True), (33, True)]
    assert [one["frame"] for one in found] == [2, 3, 4]


@given(st.data())
def test_any_order_of_the_segments_gives_the_same_messages(data: st.DataObject) -> None:
    whole = b"".join(struct.pack("!H", len(one)) + one for one in (message(), message(kind=28), message(kind=33)))
    segments = [Seg(one.data, one.at, one.flags, port=53) for one in data.draw(shuffled(whole))]
    assert sorted(one["qtype"] for one in over_tcp(*segments)) == [1, 28, 33]


def test_a_cut_answer_keeps_its_question_and_says_that_it_is_not_whole():
    whole = message(record(b"\xc0\x0c", 1, bytes(4)), record(b"\xc0\x0c", 1, bytes(4)), flags=ANSWER)
    (one,) = over_udp(whole, snaplen=42 + len(whole) - 3)
    assert (one["qname"], one["answers"], one["complete"]) == ("shop.svc.cluster.local", ["0.0.0.0"], False)


def test_a_name_with_dots_escapes_and_other_bytes_is_text_as_in_a_zone_file():
    wire = b"\4a.\\\x1b\3\xc3\xb6c\0"
    assert read_name(Cursor(wire)) == "a\\046\\092\\027.\\195\\182c"
    assert read_name(Cursor(b"\0")) == "."


@pytest.mark.parametrize(
    "wire",
    [
        b"\xc0\x00",  # points at itself
        b"\1a\xc0\x00",  # points at the name it is part of
        b"\xc0\x05\0",  # points forwards
        b"\x41aa\0",  # a label type that was given up (RFC 6891, section 5)
        b"\4ab",  # longer than what is there
        b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 3 + b"\0",  # longer than 255
    ],
)
def test_names_that_never_end_or_break_the_rules_are_refused(wire: bytes):
    with pytest.raises(Short):
        read_name(Cursor(wire))


def test_a_long_chain_of_pointers_is_refused():
    chain = b"\0" + b"".join(struct.pack("!H", 0xC000 | max(at - 2, 0)) for at in range(1, 401, 2))
    assert read_name(Cursor(chain, 201)) == "."
    with pytest.raises(Short):
        read_name(Cursor(chain, 399))


def test_what_has_no_whole_question_is_no_message():
    assert read_message(message()[:20]) is None and read_message(b"x" * 11) is None


@given(st.binary(max_size=200), st.integers(0, 60), st.integers(0, 255))
def test_no_bytes_make_the_reader_raise(noise: bytes, cut: int, byte: int) -> None:
    good = message(record(b"\xc0\x0c", 5, b"\4real\xc0\x0c"), record(b"\xc0\x0c", 1, bytes(4)), flags=ANSWER)
    for data in (noise, good[:cut] + noise, good[:cut] + bytes([byte]) + good[cut + 1 :]):
        read_message(data)
        over_udp(data)
        over_tcp(Seg(data, port=53), Seg(struct.pack("!H", cut) + data, len(data), port=53))


labels = st.text("abcdefghij-0123456789", min_size=1, max_size=20)


@given(st.lists(labels, min_size=1, max_size=6), st.integers(0, 65_535), st.lists(st.ip_addresses(v=4), max_size=5))
def test_every_message_that_was_written_is_read(parts: list[str], ident: int, addresses: list[Any]) -> None:
    text = ".".join(parts)
    answers = [record(b"\xc0\x0c", 1, address.packed) for address in addresses]
    whole = struct.pack("!H", ident) + message(*answers, qname=text, flags=ANSWER)[2:]
    one = read_message(whole)
    assert one is not None
    assert (one.id, one.qname, one.answers, one.complete) == (ident, text, [str(a) for a in addresses], True)
