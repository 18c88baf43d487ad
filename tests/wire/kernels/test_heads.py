"""HTTP heads as the kernels scan them: what httptools reads in them, for every head that is proven."""

from __future__ import annotations

import pytest

from captools.wire.http1 import read_head
from captures import build
from captures.generate import generate
from tests.wire.conversation import Seg, frame, opening
from tests.wire.equality import compiled

pytestmark = pytest.mark.slow


def scanned(*payloads: bytes) -> list[dict]:
    at, sent = 0, [opening()]
    for one in payloads:
        sent.append(Seg(one, at))
        at += len(one)
    return compiled(build.pcap([(number, frame(one)) for number, one in enumerate(sent)])).sides["heads"].to_pylist()


def test_every_scanned_value_is_the_grammars():
    data = b"".join(generate(packets=6_000, seed=2))
    heads = compiled(data).sides["heads"].to_pylist()
    assert len(heads) > 400 and all(one["complete"] for one in heads)
    for one in heads:
        wanted = read_head(data[one["offset"] : one["offset"] + one["length"]])
        assert (one["method"], one["status"], one["host"]) == (wanted.method, wanted.status, wanted.host)
        assert (one["path"] or "") == wanted.url.decode("latin-1")
        assert (one["xff"], one["request_id"]) == (wanted.value("x-forwarded-for"), wanted.value("x-request-id"))
        assert (one["content_length"], one["chunked"]) == (wanted.length, wanted.chunked)
        assert one["kind"] == ("request" if wanted.status is None else "response")


def test_values_in_any_case_with_spaces_around_and_the_first_of_each():
    (one,) = scanned(
        b"GET /\xe9 HTTP/1.1\r\nhOsT:\t a.example \r\nHost: b\r\nX-FORWARDED-FOR:1, 2\r\nx-request-ID: \r\n\r\n"
    )
    assert (one["path"], one["host"], one["xff"], one["request_id"]) == ("/\xe9", "a.example", "1, 2", "")


def test_a_head_in_the_middle_of_a_segment_says_where_it_is():
    first, second = b"POST /a HTTP/1.1\r\ncontent-length: 4\r\n\r\n", b"GET /b HTTP/1.1\r\n\r\n"
    one, two = scanned(first + b"body" + second + b"GE")
    assert (one["at"], one["length"], one["behind"]) == (0, len(first), 4 + len(second) + 2)
    assert (two["at"], two["length"], two["behind"]) == (len(first) + 4, len(second), 2)
    assert two["offset"] - one["offset"] == two["at"] and one["row"] == two["row"] == 1


def test_a_head_whose_end_is_elsewhere_is_not_complete():
    (one,) = scanned(b"GET /a HTTP/1.1\r\nHost: a.example\r\nX-Request")
    assert (one["complete"], one["path"], one["host"]) == (False, "/a", "a.example")


@pytest.mark.parametrize("size", [500, 4_000])
def test_long_values_are_kept_whole(size):
    (one,) = scanned(b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n" % (b"a" * size))
    assert (one["path"], one["host"], one["complete"]) == ("/" + "a" * size, "h", True)


@pytest.mark.parametrize(
    "line",
    [b"Content-Length: 1x", b"Content-Length: ", b"Content-Length: -1", b"Content-Length: 1\r\nContent-Length: 1",
     b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 1", b" folded", b"Host: a\nb",
     b"Content-Length: 9999999999999999999"],
)  # fmt: skip
def test_what_a_lenient_reader_might_take_is_not_clean(line):
    assert [one["complete"] for one in scanned(b"GET / HTTP/1.1\r\n" + line + b"\r\n\r\n")] == [False]


def test_more_heads_than_one_packet_may_have_rows_end_its_lane_not_its_memory():
    head = b"GET / HTTP/1.1\r\n\r\n"
    found = scanned(head * 3_000)
    assert 20 < len(found) < 64 and all(one["path"] == "/" for one in found)
