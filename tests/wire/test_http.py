"""The HTTP table: heads of segments and of streams."""

from __future__ import annotations

from typing import Any

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.http import http_heads
from captools.wire.http1 import PREFACE
from tests.wire.conversation import FIN, ISN, Decoded, Seg, captured, opening, shuffled

REQUEST = (
    b"GET /details/1 HTTP/1.1\r\nhost: 192.168.10.211\r\nx-forwarded-for: 10.9.9.9, 192.168.10.200\r\n"
    b"X-Request-Id: f884b027\r\n\r\n"
)
SECOND = b"POST /second HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc"
ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nsorry"


def heads(capture: Decoded) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http_heads(*capture).to_pylist()
    return found


def test_a_request_head_gives_its_fields_and_the_chain_of_forwarded_addresses():
    (head,) = heads(captured(Seg(REQUEST)))
    assert (head["kind"], head["method"], head["path"], head["host"], head["version"]) == (
        "request", "GET", "/details/1", "192.168.10.211", "1.1",
    )  # fmt: skip
    assert (head["xff"], head["request_id"]) == (["10.9.9.9", "192.168.10.200"], "f884b027")
    assert (head["frame"], head["row"], head["at"], head["complete"], head["status"]) == (1, 0, 0, True, None)
    assert (head["source"], head["point"], head["stream"]) == ("t", "n/e", None)


def test_an_answer_gives_its_status_length_and_a_hash_of_its_whole_body():
    (head,), (other,) = heads(captured(Seg(ANSWER))), heads(captured(Seg(ANSWER.replace(b"sorry", b"ready"))))
    assert (head["kind"], head["status"], head["content_length"]) == ("response", 404, 5)
    assert head["body_hash"] is not None and head["body_hash"] != other["body_hash"]


def test_a_body_over_several_segments_has_the_hash_of_the_same_body_in_one():
    (whole,) = heads(captured(Seg(ANSWER)))
    (cut,) = heads(captured(Seg(ANSWER[:-3]), Seg(ANSWER[-3:], len(ANSWER) - 3)))
    assert cut["body_hash"] == whole["body_hash"] is not None


def test_a_body_that_is_not_all_there_has_no_hash():
    (head,) = heads(captured(Seg(ANSWER[:-2])))
    assert (head["status"], head["body_hash"]) == (404, None)


def test_pipelined_requests_are_all_found_in_their_order():
    found = heads(captured(Seg(REQUEST + SECOND)))
    assert [(head["path"], head["order"], head["at"]) for head in found] == [
        ("/details/1", 0, 0),
        ("/second", 1, len(REQUEST)),
    ]


def test_a_head_that_begins_and_ends_in_mid_segment_belongs_to_the_segment_it_begins_in():
    both = REQUEST + SECOND
    found = heads(captured(Seg(both[:150]), Seg(both[150:], 150)))
    assert [(head["path"], head["frame"], head["at"], head["complete"]) for head in found] == [
        ("/details/1", 1, 0, True),
        ("/second", 1, len(REQUEST), True),
    ]


def test_a_head_whose_rest_was_not_captured_is_incomplete():
    (head,) = heads(captured(Seg(REQUEST[:70])))
    assert (head["method"], head["host"], head["complete"]) == ("GET", "192.168.10.211", False)
    (head,) = heads(captured(Seg(REQUEST), snaplen=54 + 70))
    assert (head["method"], head["host"], head["complete"]) == ("GET", "192.168.10.211", False)


def test_a_head_that_came_twice_is_one_head():
    assert [head["frame"] for head in heads(captured(Seg(REQUEST), Seg(REQUEST), Seg(SECOND, len(REQUEST))))] == [1, 3]


def test_an_answer_to_head_hides_no_answer_behind_it():
    ask = REQUEST.replace(b"GET", b"HEAD")
    answers = ANSWER[:-5].replace(b": 5", b": 99") + ANSWER
    found = heads(captured(opening(), opening(answer=True), Seg(ask), Seg(SECOND, len(ask)), Seg(answers, answer=True)))
    assert [head["content_length"] for head in found if head["kind"] == "response"] == [99, 5]


def test_a_connection_that_goes_on_with_http2_gives_both_kinds_of_rows():
    encoder = Encoder()
    block = encoder.encode([(":method", "GET"), (":path", "/two"), (":scheme", "http"), (":authority", "shop:80")])
    answer = Encoder().encode([(":status", "200"), ("server", "envoy")])
    settings = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    ask = PREFACE + settings + len(block).to_bytes(3, "big") + bytes([1, 5, 0, 0, 0, 1]) + block
    back = settings + len(answer).to_bytes(3, "big") + bytes([1, 5, 0, 0, 0, 1]) + answer
    found = heads(captured(opening(), opening(answer=True), Seg(ask), Seg(back, answer=True)))
    assert [(h["kind"], h["method"], h["path"], h["host"], h["status"], h["version"], h["stream"]) for h in found] == [
        ("request", "GET", "/two", "shop:80", None, "2", 1),
        ("response", None, None, None, 200, "2", 1),
    ]
    assert [(h["frame"], h["at"]) for h in found] == [(3, len(PREFACE + settings)), (4, len(settings))]


@pytest.mark.parametrize(
    "payload",
    [b"GET \x00\x01\x02 not at all a request", b"POSTGRES wire protocol bytes", b"\x16\x03\x01" + b"x" * 40, b"H"],
)
def test_what_only_looks_like_http_is_left_alone(payload: bytes):
    assert heads(captured(Seg(payload))) == []


def test_a_capture_without_packets_has_no_heads():
    assert heads(captured()) == []


def essence(found: list[dict[str, Any]], capture: Decoded) -> list[tuple[Any, ...]]:
    """What must not depend on how a stream was cut: the heads, and the place in the stream where each begins."""
    seq = capture[2]["seq"].to_pylist()
    return sorted(
        ((seq[head["row"]] + head["at"] - ISN - 1) % (1 << 32), head["kind"], head["path"], head["status"],
         head["host"], head["complete"], head["body_hash"], tuple(head["headers"]))
        for head in found
    )  # fmt: skip


STREAMS = {
    "asking": REQUEST + SECOND + b"\r\n" + REQUEST + SECOND,
    "answering": ANSWER + b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
    b"\r\n\r\n4\r\nGET \r\n0\r\n\r\nHTTP/1.1 204 None\r\n\r\n" + ANSWER,
}


@pytest.mark.parametrize("whole", STREAMS.values(), ids=STREAMS)
@given(data=st.data())
def test_any_cutting_order_doubling_and_overlap_gives_the_heads_of_the_whole_stream(whole: bytes, data: st.DataObject):
    one = captured(opening(), Seg(whole))
    other = captured(*data.draw(shuffled(whole)))
    wanted = essence(heads(one), one)
    assert len(wanted) >= 4
    assert essence(heads(other), other) == wanted


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(-2, 300), st.sampled_from([0x10, FIN, 0x02, 0x12, 0x04]),
                          st.booleans(), st.sampled_from([ISN, 7, 1 << 31])), max_size=20),
       st.integers(40, 120))  # fmt: skip
def test_no_segments_make_the_reader_raise(drawn: list[tuple[bytes, int, int, bool, int]], snaplen: int) -> None:
    segments = [Seg(data, at, flags, answer, isn) for data, at, flags, answer, isn in drawn]
    words = [Seg(REQUEST[: 10 + at % 50] + data, at, flags, answer, isn) for data, at, flags, answer, isn in drawn]
    capture = captured(*segments, *words, snaplen=snaplen)
    assert all(0 <= head["row"] < len(capture[2]) for head in heads(capture))
