"""HTTP/1.x heads and bodies on one stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.http1 import PREFACE, Walk, read_head, walk
from captools.wire.streams import Segment, reassemble
from tests.wire.conversation import stream

GET = b"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\nbody"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: t\r\n\r\n"


class Counted(list[int]):
    """Counts how often its entries are looked at."""

    looks = 0

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        self.looks += 1
        return super().__getitem__(at)


def told(result: Walk) -> list[object]:
    return [one.head.url.decode() if one.head.status is None else one.head.status for one in result.found]


def hash_of(data: bytes) -> int | None:
    (one,) = walk(stream(data)).found
    return one.head.body.value() if one.head.body_ended else None


def test_requests_behind_each_other_and_behind_a_body_are_all_found():
    result = walk(stream(GET + POST + b"\r\n" + GET))
    assert told(result) == ["/a", "/b", "/a"] and not result.lost
    assert [one.at for one in result.found] == [0, len(GET), len(GET + POST) + 2]


def test_an_answer_in_chunks_ends_behind_its_trailers_and_hashes_like_one_with_a_length():
    assert told(walk(stream(CHUNKED + OK))) == [200, 200]
    assert hash_of(CHUNKED) == hash_of(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd") is not None


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified", b"103 Early Hints"])
def test_answers_that_never_have_a_body_are_followed_at_once_by_the_next(status: bytes):
    assert told(walk(stream(b"HTTP/1.1 " + status + b"\r\nContent-Length: 9\r\n\r\n" + OK)))[1:] == [200]


def test_an_answer_to_head_has_no_body_whatever_length_it_names():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
    assert told(walk(stream(answer + OK + OK), ["HEAD", "GET", "GET"])) == [200, 200, 200]
    assert told(walk(stream(answer + OK, marks=(0, len(answer))))) == [200, 200]  # the request was not seen


def test_a_body_that_begins_like_an_answer_is_a_body_where_the_request_is_known():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(OK)
    assert told(walk(stream(answer + OK, marks=(0, len(answer))), ["GET"])) == [200]


def test_an_answer_without_a_length_ends_with_its_connection():
    answer = b"HTTP/1.0 200 OK\r\n\r\nall of it" + OK
    (one,) = walk(stream(answer, fin=len(answer))).found
    assert one.head.body.value() is not None
    (cut,) = walk(stream(answer)).found
    assert not cut.head.body_ended


def test_missing_bytes_of_a_body_lose_no_head_behind_it():
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500 + OK
    kept = reassemble(memoryview(data), [Segment(0, 0, 60, 0, True), Segment(400, 400, len(data) - 400, 1, False)],
                      opened=True, fin=None)  # fmt: skip
    result = walk(kept)
    assert told(result) == [200, 200] and not result.lost
    assert [one.head.body.value() is None for one in result.found] == [True, False]


def test_a_gap_in_a_head_leaves_it_incomplete_and_reading_goes_on_at_the_next_head():
    data = GET + POST
    kept = reassemble(
        memoryview(data),
        [Segment(0, 0, len(GET) - 3, 0, True), Segment(len(GET), len(GET), len(POST), 1, True)],
        opened=True,
        fin=None,
    )
    result = walk(kept)
    assert [(one.head.url, one.head.complete, one.head.host) for one in result.found] == [
        (b"/a", False, None),
        (b"/b", True, "shop"),
    ]
    assert result.lost


def test_a_stream_joined_in_its_middle_begins_at_the_first_segment_that_looks_like_a_head():
    data = b"rest of a body" + GET
    assert told(walk(stream(data, marks=(14,), opened=False))) == ["/a"]


def test_behind_a_proxy_header_the_first_request_is_found():
    assert told(walk(stream(b"PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\n" + GET))) == ["/a"]


def test_http2_takes_over_at_its_preface_and_behind_an_upgrade():
    assert walk(stream(PREFACE + b"frames")).http2_at == len(PREFACE)
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    result = walk(stream(upgrade + b"frames"))
    assert (told(result), result.http2_at) == ([101], len(upgrade))


def test_a_long_run_of_half_heads_is_read_once():
    """Each segment begins like a head that never ends: the work must stay proportional to their number."""
    data = b"GET / HTTP/1.1\r\nA:" + b"GET aaaa" * 20_000
    segments = [Segment(0, 0, 18, 0, True), *(Segment(at, at, 8, at, True) for at in range(18, len(data), 8))]
    made = reassemble(memoryview(data), segments, opened=True, fin=None)
    counted = Counted(made.ends)
    assert [one.head.complete for one in walk(replace(made, ends=counted)).found] == [False]
    assert counted.looks < 10 * len(segments)


def test_of_a_head_that_breaks_the_grammar_what_comes_before_is_kept():
    head = read_head(GET[:-2] + b"Cookie: \x01\x02\r\n\r\n")
    assert head is not None and (head.url, head.host, head.complete) == (b"/a", "shop", False)


@pytest.mark.parametrize(
    "data",
    [b"GET \0\1\2 no request\r\n\r\n", b"POSTGRES bytes\r\n\r\n", b"HTTP/9.9 999\r\n\r\n", b"GET /a HTTP/1.1", b""],
)
def test_what_only_looks_like_http_is_no_head(data: bytes):
    assert read_head(data) is None and walk(stream(data)).found == []


@given(st.binary(max_size=300), st.sampled_from([GET, POST, OK, CHUNKED]), st.integers(0, 120))
def test_no_bytes_make_the_reader_raise(noise: bytes, message: bytes, cut: int) -> None:
    for data in (noise, message[:cut] + noise, message + noise, message[:cut] + noise + message):
        marks = tuple(range(0, len(data), 7))
        for one in walk(stream(data, marks=marks)).found:
            assert 0 <= one.at < len(data)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, str]:
    """Return a request and its path."""
    path = "/" + draw(st.text("abcdefgh%?=&", max_size=12))
    headers = draw(
        st.lists(st.tuples(st.text("abcx-", min_size=1, max_size=9), st.text("v 1;", max_size=9)), max_size=4)
    )
    body = draw(st.binary(max_size=60))
    lines = [f"POST {path} HTTP/1.1", "Host: h", *(f"{name}: {value.strip()}" for name, value in headers)]
    if draw(st.booleans()):
        size = draw(st.integers(1, 20))
        parts = [body[at : at + size] for at in range(0, len(body), size)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        lines.append("Transfer-Encoding: chunked")
    else:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body, path


@given(st.lists(messages(), min_size=1, max_size=5))
def test_every_message_that_was_written_is_read_where_it_begins(written: list[tuple[bytes, str]]) -> None:
    result = walk(stream(b"".join(data for data, _ in written)))
    places = [sum(len(data) for data, _ in written[:number]) for number in range(len(written))]
    assert [(one.at, one.head.url.decode()) for one in result.found] == list(
        zip(places, (path for _, path in written), strict=True)
    )
    assert all(one.head.body_ended for one in result.found)
