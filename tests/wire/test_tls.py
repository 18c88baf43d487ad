"""TLS hellos: single segments, several segments, several records, cut and hostile bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.proxy_protocol import SIGNATURE
from captools.wire.tls import read_hello, tls_hellos
from tests.wire.conversation import Seg, captured, opening, shuffled

RANDOM = bytes(range(32))
CCS = bytes.fromhex("140303000101")


def block(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


def extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + block(2, data)


def sni(name: bytes) -> bytes:
    return extension(0, block(2, b"\0" + block(2, name)))


def alpn(*names: bytes) -> bytes:
    return extension(16, block(2, b"".join(block(1, name) for name in names)))


def client_hello(*extensions: bytes, session: bytes = b"s" * 32) -> bytes:
    body = b"\3\3" + RANDOM + block(1, session) + block(2, b"\x13\x01\x13\x02") + block(1, b"\0")
    body += block(2, b"".join(extensions)) if extensions else b""
    return b"\1" + block(3, body)


def server_hello(*extensions: bytes) -> bytes:
    body = b"\3\3" + RANDOM[::-1] + block(1, b"") + b"\x13\x02" + b"\0" + block(2, b"".join(extensions))
    return b"\2" + block(3, body)


def record(message: bytes) -> bytes:
    return b"\x16\3\1" + block(2, message)


VERSIONS = extension(43, block(1, b"\x7a\x7a\3\4\3\3"))  # GREASE, 1.3, 1.2
HELLO = client_hello(sni(b"shop.example"), VERSIONS, alpn(b"h2", b"http/1.1"))


def hellos(*segments: Seg, snaplen: int = 262_144) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tls_hellos(*captured(*segments, snaplen=snaplen)).to_pylist()
    return found


def test_a_client_hello_gives_its_name_protocols_random_and_highest_version():
    (one,) = hellos(Seg(record(HELLO)))
    assert (one["kind"], one["sni"], one["alpn"]) == ("client_hello", "shop.example", ["h2", "http/1.1"])
    assert (one["random"], one["version"], one["cipher"], one["session_id_len"]) == (RANDOM, 0x0304, None, 32)
    assert (one["frame"], one["row"], one["point"], one["complete"]) == (1, 0, "n/e", True)


def test_a_server_hello_gives_what_was_chosen():
    message = server_hello(extension(43, b"\3\4"), alpn(b"h2"))
    (one,) = hellos(Seg(record(message) + b"\x17\3\3\0\1x", answer=True))
    assert (one["kind"], one["version"], one["cipher"], one["alpn"]) == ("server_hello", 0x0304, 0x1302, ["h2"])
    assert one["random"] == RANDOM[::-1]


def test_a_hello_without_extensions_is_whole():
    (one,) = hellos(Seg(record(client_hello())))
    assert (one["sni"], one["alpn"], one["version"], one["complete"]) == (None, None, 0x0303, True)


def test_a_second_hello_behind_change_cipher_spec_is_found():
    assert [one["sni"] for one in hellos(Seg(CCS + record(HELLO)))] == ["shop.example"]


@pytest.mark.parametrize(
    "prefix", [b"PROXY TCP4 192.0.2.1 192.0.2.2 4000 443\r\n", SIGNATURE + b"\x21\x11\x00\x0c" + bytes(12)]
)
def test_a_hello_behind_a_proxy_header_is_found(prefix: bytes):
    assert [one["sni"] for one in hellos(Seg(prefix + record(HELLO)))] == ["shop.example"]


def test_a_hello_in_several_records_is_one():
    parts = b"".join(record(HELLO[at : at + 50]) for at in range(0, len(HELLO), 50))
    assert [one["sni"] for one in hellos(Seg(parts))] == ["shop.example"]


def test_a_hello_over_several_segments_belongs_to_the_one_it_begins_in():
    data = record(client_hello(extension(51, bytes(1_200)), sni(b"late.example")))
    (one,) = hellos(opening(), Seg(data[:1_000]), Seg(data[1_000:], 1_000))
    assert (one["sni"], one["frame"], one["complete"]) == ("late.example", 2, True)


def test_a_hello_sent_twice_is_one_hello():
    assert len(hellos(Seg(record(HELLO)), Seg(record(HELLO)))) == 1


def test_what_was_cut_off_is_null_and_the_rest_stays():
    (one,) = hellos(Seg(record(HELLO)), snaplen=54 + 5 + 4 + 2 + 32 + 10)
    assert (one["random"], one["sni"], one["complete"]) == (RANDOM, None, False)


def test_escape_codes_in_a_name_become_plain_text():
    (one,) = hellos(Seg(record(client_hello(sni(b"\x1b]0;x\x07.example")))))
    assert one["sni"] == "\\027]0;x\\007.example"


@pytest.mark.parametrize("message", [b"", b"\1", b"\2\0\0\2\x99\x99", b"\x0b\0\0\2\3\3"])
def test_other_messages_are_no_hello(message: bytes):
    assert read_hello(message) is None


@given(st.data())
def test_any_cutting_behind_the_first_bytes_gives_the_same_hello(data: st.DataObject) -> None:
    whole = record(HELLO)
    first = Seg(whole[: data.draw(st.integers(6, len(whole)))])
    rest = data.draw(shuffled(whole))
    one = hellos(opening(), first, *rest)
    assert [(each["sni"], each["alpn"], each["random"], each["complete"]) for each in one] == [
        ("shop.example", ["h2", "http/1.1"], RANDOM, True)]  # fmt: skip


@given(st.binary(max_size=300), st.integers(0, len(HELLO)), st.integers(0, 255))
def test_no_bytes_make_the_reader_raise(noise: bytes, cut: int, byte: int) -> None:
    for message in (noise, b"\1" + noise, HELLO[:cut] + noise, HELLO[:cut] + bytes([byte]) + HELLO[cut + 1 :]):
        read_hello(message)
        hellos(Seg(record(message)), Seg(message, len(message)))
