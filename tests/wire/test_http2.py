"""HTTP/2 frames in clear: header blocks, bodies, gaps."""

from __future__ import annotations

from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.http2 import walk
from captools.wire.streams import Segment, reassemble
from tests.wire.conversation import stream

DATA, HEADERS, RST, SETTINGS, PUSH, CONTINUATION = 0, 1, 3, 4, 5, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 4, 8, 32


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, on: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + on.to_bytes(4, "big") + payload


def request(encoder: Encoder, path: str, *more: tuple[str, str]) -> bytes:
    fields = [(":method", "GET"), (":scheme", "http"), (":authority", "shop"), (":path", path), *more]
    return bytes(encoder.encode(fields))


def told(data: bytes, **options: object):
    return [(one.at, one.head.url, one.head.stream) for one in walk(stream(data, **options)).found]  # type: ignore[arg-type]


def test_headers_with_padding_priority_and_continuations_are_one_head():
    block = request(Encoder(), "/long", ("x-forwarded-for", "192.0.2.7"), ("x-a", "b" * 90))
    first = frame(HEADERS, bytes([3]) + bytes(5) + block[:20] + bytes(3), flags=PADDED | PRIORITY, on=5)
    data = frame(SETTINGS) + first + frame(CONTINUATION, block[20:40], on=5)
    data += frame(CONTINUATION, block[40:], flags=END_HEADERS, on=5)
    (one,) = walk(stream(data)).found
    assert (one.at, one.head.method, one.head.url, one.head.host, one.head.stream) == (9, "GET", b"/long", "shop", 5)
    assert one.head.listed("x-forwarded-for") == ["192.0.2.7"] and one.head.version == "2"


def test_bodies_that_come_mixed_and_padded_have_their_own_hashes():
    def answer(*parts: tuple[int, bytes, int]) -> list[int | None]:
        encoder = Encoder()
        heads = [frame(HEADERS, encoder.encode([(":status", "200")]), flags=END_HEADERS, on=on) for on in (1, 3)]
        data = frame(SETTINGS) + b"".join(heads)
        data += b"".join(frame(DATA, payload, flags=flags, on=on) for on, payload, flags in parts)
        return [one.head.body.value() for one in walk(stream(data)).found]

    mixed = answer((1, b"hel", 0), (3, b"\2world\0\0", PADDED | END_STREAM), (1, b"lo", END_STREAM))
    assert mixed == answer((1, b"hello", END_STREAM), (3, b"world", END_STREAM))
    assert mixed[0] != mixed[1] and None not in mixed


def test_trailers_and_pushed_requests_are_no_heads_but_their_fields_count_for_the_table():
    encoder = Encoder()
    data = frame(SETTINGS) + frame(HEADERS, encoder.encode([(":status", "200"), ("x", "one")]), flags=4, on=1)
    data += frame(PUSH, bytes([0, 0, 0, 2]) + request(encoder, "/pushed", ("y", "two")), flags=END_HEADERS, on=1)
    data += frame(HEADERS, encoder.encode([("grpc-status", "0")]), flags=5, on=1)
    data += frame(HEADERS, encoder.encode([(":status", "404"), ("y", "two"), ("grpc-status", "0")]), flags=5, on=2)
    found = walk(stream(data)).found
    assert [one.head.status for one in found] == [200, 404]
    assert found[1].head.headers == [("y", "two"), ("grpc-status", "0")]


def test_missing_bytes_of_a_body_lose_nothing_but_its_hash():
    encoder = Encoder()
    head = frame(SETTINGS) + frame(HEADERS, request(encoder, "/one", ("x", "y")), flags=4, on=1)
    body = frame(DATA, b"x" * 500, flags=END_STREAM, on=1)
    rest = frame(HEADERS, request(encoder, "/two", ("x", "y")), flags=5, on=3)
    data = head + body + rest
    cut, again = len(head) + 9 + 100, len(head) + 400
    made = [Segment(0, 0, cut, 0, True), Segment(again, again, len(data) - again, 1, False)]
    result = walk(reassemble(memoryview(data), made, opened=True, fin=None))
    assert [one.head.url for one in result.found] == [b"/one", b"/two"] and not result.lost
    assert result.found[0].head.body.value() is None


def test_behind_a_gap_only_what_the_table_still_proves_is_told():
    encoder = Encoder()
    first = frame(SETTINGS) + frame(HEADERS, request(encoder, "/one", ("x", "old")), flags=5, on=1)
    lost = frame(HEADERS, request(encoder, "/lost", ("z", "lost")), flags=5, on=3)
    old = frame(HEADERS, request(encoder, "/old", ("x", "old")), flags=5, on=5)
    fresh = frame(HEADERS, encoder.encode([(":method", "GET"), (":path", "/"), ("q", "new")]), flags=5, on=7)
    again = frame(HEADERS, encoder.encode([(":method", "GET"), (":path", "/"), ("q", "new")]), flags=5, on=9)
    data = first + lost + old + fresh + again
    made, at = [Segment(0, 0, len(first), 0, True)], len(first + lost)
    for part in (old, fresh, again):
        made.append(Segment(at, at, len(part), at, False))
        at += len(part)
    result = walk(reassemble(memoryview(data), made, opened=True, fin=None))
    assert [(one.head.stream, one.head.headers) for one in result.found] == [
        (1, [("x", "old")]), (7, [("q", "new")]), (9, [("q", "new")])]  # fmt: skip
    assert result.lost


def test_a_header_block_without_end_is_given_up():
    data = frame(SETTINGS) + frame(HEADERS, b"\x82", on=1) + frame(CONTINUATION, b"\x82" * 9_000, on=1) * 9
    assert walk(stream(data)).found == [] and walk(stream(data)).lost


@given(st.binary(max_size=200), st.integers(0, 100), st.booleans())
def test_no_bytes_make_the_reader_raise(noise: bytes, cut: int, opened: bool) -> None:
    block = request(Encoder(), "/long", ("x-forwarded-for", "192.0.2.7"))
    good = frame(SETTINGS) + frame(HEADERS, block, flags=5, on=1)
    for data in (noise, good[:cut] + noise, good + noise, frame(HEADERS, noise, flags=cut & 0x2D, on=1)):
        for one in walk(stream(data, opened=opened)).found:
            assert 0 <= one.at < len(data)


names = st.sampled_from(["x-a", "x-b", "accept", "cookie", "user-agent"])


@given(st.lists(st.tuples(st.text("abc/", max_size=8), st.lists(st.tuples(names, st.text("vw", max_size=30)), max_size=4)),
                min_size=1, max_size=8), st.integers(1, 40))  # fmt: skip
def test_every_request_that_was_written_is_read(written: list[tuple[str, list[tuple[str, str]]]], size: int) -> None:
    encoder, data, places = Encoder(), frame(SETTINGS), []
    for number, (path, fields) in enumerate(written):
        block = request(encoder, "/" + path, *fields)
        parts = [block[at : at + size] for at in range(0, len(block), size)]
        places.append(len(data))
        for order, part in enumerate(parts):
            ends = END_HEADERS if order == len(parts) - 1 else 0
            data += frame(CONTINUATION if order else HEADERS, part, flags=ends, on=2 * number + 1)
        data += frame(DATA, b"x" * size, flags=END_STREAM, on=2 * number + 1)
    found = walk(stream(data)).found
    assert [(one.at, one.head.url.decode(), one.head.headers) for one in found] == [
        (at, "/" + path, fields) for at, (path, fields) in zip(places, written, strict=True)
    ]
