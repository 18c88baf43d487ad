"""HTTP heads in single segments."""

from __future__ import annotations

from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.http import http_heads, read_heads
from captools.wire.index import read_records
from captures import build

REQUEST = (
    b"GET /details/1 HTTP/1.1\r\nhost: 192.168.10.211\r\nx-forwarded-for: 10.9.9.9, 192.168.10.200\r\n"
    b"X-Request-Id: f884b027\r\n\r\n"
)
ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nsorry"


def heads_of(*payloads: bytes) -> list[dict]:
    frames = [
        (at, build.ethernet(build.ipv4(build.tcp(p, sport=1, dport=80), src="10.0.0.1", dst="10.0.0.2", proto=6)))
        for at, p in enumerate(payloads)
    ]
    data = build.pcap(frames)
    records, view = read_records(data, "t"), BytesView(data)
    packets = decode(view, records, Naming(source="t", points=("n/e",)))
    return http_heads(view, records, packets).to_pylist()


def test_a_request_head_gives_its_fields_and_the_chain_of_forwarded_addresses():
    (head,) = heads_of(REQUEST)
    assert (head["kind"], head["method"], head["path"], head["host"]) == (
        "request",
        "GET",
        "/details/1",
        "192.168.10.211",
    )
    assert (head["xff"], head["request_id"]) == (["10.9.9.9", "192.168.10.200"], "f884b027")
    assert (head["frame"], head["complete"], head["status"]) == (1, True, None)


def test_an_answer_gives_its_status_length_and_a_hash_of_its_whole_body():
    (head,), (other,) = heads_of(ANSWER), heads_of(ANSWER.replace(b"sorry", b"ready"))
    assert (head["kind"], head["status"], head["content_length"]) == ("response", 404, 5)
    assert head["body_hash"] is not None and head["body_hash"] != other["body_hash"]


def test_a_body_that_is_not_all_there_has_no_hash():
    (head,) = heads_of(ANSWER[:-2])
    assert (head["status"], head["body_hash"]) == (404, None)


def test_pipelined_requests_are_all_found_in_their_order():
    heads = heads_of(REQUEST + REQUEST.replace(b"/details/1", b"/second"))
    assert [(head["path"], head["order"]) for head in heads] == [("/details/1", 0), ("/second", 1)]


def test_a_head_that_goes_on_in_the_next_segment_is_marked_incomplete():
    (head,) = heads_of(REQUEST[:70])
    assert (head["method"], head["host"], head["complete"]) == ("GET", "192.168.10.211", False)


def test_what_only_looks_like_http_is_left_alone():
    assert (
        heads_of(b"GET \x00\x01\x02 not at all a request", b"POSTGRES wire protocol bytes", b"\x16\x03\x01" + b"x" * 40)
        == []
    )


def test_no_bytes_at_all_make_the_reader_raise():
    for cut in range(len(REQUEST)):
        read_heads(REQUEST[:cut])
        read_heads(b"HTTP/1.1 " + REQUEST[cut:])
