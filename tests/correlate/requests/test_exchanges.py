"""Exchanges: each answer belongs to its request, and one message is one however often it was seen."""

from __future__ import annotations

from hpack import Encoder

from captools.wire.http1 import PREFACE
from tests.correlate.talk import MS, PSH, START, Ends, get, read, reply

LINK = Ends("10.0.0.1", 40000, "10.0.0.2")


def test_a_request_and_its_answer_are_one_exchange():
    found = read(n__e=[LINK.ask(0, get("/a", x_request_id="id")), LINK.answer(5, reply(204))])
    (one,) = found.exchanges()
    assert (one.request.path, one.request.header("x-request-id"), one.flow.sport) == ("/a", "id", 40000)
    assert one.response is not None and one.response.status == 204
    assert (one.request_ns(), one.response_ns()) == (START, START + 5 * MS)


def test_a_request_without_an_answer_stays_one():
    found = read(n__e=[LINK.ask(0, get())])
    (one,) = found.exchanges()
    assert one.response is None and one.response_ns() is None


def test_an_answer_without_a_request_makes_none():
    assert read(n__e=[LINK.answer(0, reply())]).exchanges() == []


def test_one_message_seen_at_two_points_is_one_with_two_sightings_by_time():
    found = read(
        far__e=[LINK.ask(2, get("/a"), ttl=63), LINK.answer(5, reply())],
        near__e=[LINK.ask(1, get("/a"), ttl=64), LINK.answer(6, reply(), ttl=63)],
    )
    (one,) = found.exchanges()
    rows = found.rows()
    assert [rows.point(row) for row in one.request.seen.rows] == ["near/e", "far/e"]
    assert one.response is not None and [rows.point(row) for row in one.response.seen.rows] == ["far/e", "near/e"]
    assert one.request_ns() == START + MS


def test_a_retransmitted_request_is_not_asked_twice():
    found = read(n__e=[LINK.ask(0, get("/a")), LINK.ask(200, get("/a")), LINK.answer(300, reply())])
    (one,) = found.exchanges()
    assert one.request_ns() == START
    assert one.response_ns() == START + 300 * MS


def test_requests_on_one_connection_are_answered_in_order():
    length = len(get("/a"))
    found = read(
        n__e=[
            LINK.ask(0, get("/a"), seq=1),
            LINK.ask(1, get("/b"), seq=1 + length),
            LINK.answer(5, reply(200), seq=1),
            LINK.answer(6, reply(404), seq=100),
        ]
    )
    told = [(one.request.path, one.response.status) for one in found.exchanges() if one.response]
    assert told == [("/a", 200), ("/b", 404)]


def test_two_requests_in_one_segment_are_two():
    found = read(n__e=[LINK.ask(0, get("/a") + get("/b")), LINK.answer(5, reply(200) + reply(500))])
    told = [(one.request.path, one.response.status) for one in found.exchanges() if one.response]
    assert told == [("/a", 200), ("/b", 500)]


def test_100_continue_is_not_the_answer():
    found = read(
        n__e=[
            LINK.ask(0, get("/a", expect="100-continue")),
            LINK.answer(1, b"HTTP/1.1 100 Continue\r\n\r\n", seq=1),
            LINK.answer(5, reply(201), seq=26),
        ]
    )
    (one,) = found.exchanges()
    assert one.response is not None and one.response.status == 201


def test_the_whole_head_wins_over_the_piece_that_another_point_saw():
    whole = get("/a", x_forwarded_for="1.2.3.4, 5.6.7.8")
    cut = whole[: whole.index(b"5.6.7.8")]
    found = read(far__e=[LINK.ask(0, cut, ttl=64)], near__e=[LINK.ask(1, whole, ttl=63)])
    (one,) = found.exchanges()
    assert one.request.xff == ("1.2.3.4", "5.6.7.8") and len(one.request.seen.rows) == 2


def test_connections_with_the_same_ports_between_other_hosts_do_not_mix():
    other = Ends("10.0.0.9", 40000, "10.0.0.2")
    found = read(
        n__e=[LINK.ask(0, get("/a")), other.ask(1, get("/b")), other.answer(2, reply(200)), LINK.answer(3, reply(500))]
    )
    told = {one.flow.src: (one.request.path, one.response.status) for one in found.exchanges() if one.response}
    assert told == {"10.0.0.1": ("/a", 500), "10.0.0.9": ("/b", 200)}


def test_a_header_is_found_by_its_lower_case_name_or_not_at_all():
    (one,) = read(n__e=[LINK.ask(0, b"GET / HTTP/1.1\r\nX-Seen: 1\r\nx-seen: 2\r\n\r\n", flags=PSH)]).exchanges()
    assert (one.request.header("x-seen"), one.request.header("x-other"), one.request.xff) == ("1", None, ())


def test_exchanges_are_numbered_by_the_time_they_were_asked():
    later = Ends("10.0.0.3", 1, "10.0.0.2")
    found = read(n__e=[later.ask(9, get("/late")), LINK.ask(0, get("/early"))]).exchanges()
    assert [(one.number, one.request.path) for one in found] == [(0, "/early"), (1, "/late")]


def test_a_super_frame_and_the_segments_it_became_tell_the_same_two_requests():
    both = get("/a") + get("/b")
    found = read(
        pod__e=[LINK.ask(0, both, ttl=64)],
        wire__e=[LINK.ask(1, both[:50], ttl=63), LINK.ask(1.1, both[50:], seq=51, ttl=63)],
    )
    told = [(one.request.path, len(one.request.seen.rows)) for one in found.exchanges()]
    assert told == [("/a", 2), ("/b", 2)]


def test_answers_of_http2_belong_to_the_request_of_their_stream_in_whatever_order_they_come():
    def frame(encoder: Encoder, on: int, *fields: tuple[str, str]) -> bytes:
        block = encoder.encode(fields)
        return len(block).to_bytes(3, "big") + bytes([1, 5, 0, 0, 0, on]) + block

    settings = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    ours, theirs = Encoder(), Encoder()
    asked = PREFACE + settings
    asked += b"".join(frame(ours, on, (":method", "GET"), (":path", f"/{on}")) for on in (1, 3))
    answered = settings + b"".join(frame(theirs, on, (":status", str(status))) for on, status in ((3, 404), (1, 200)))
    found = read(
        n__e=[
            LINK.ask(0, seq=0, flags=0x02),
            LINK.answer(1, seq=0, flags=0x12),
            LINK.ask(2, asked),
            LINK.answer(3, answered),
        ]
    )
    told = {one.request.path: one.response.status for one in found.exchanges() if one.response}
    assert told == {"/1": 200, "/3": 404}
