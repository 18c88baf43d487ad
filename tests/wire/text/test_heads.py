"""HTTP heads from printed payloads."""

from __future__ import annotations

from captools.wire.text import heads

BYLINE = ["GET /a/../b HTTP/1.1.", "host: 192.168.10.211.", "x-forwarded-for: 10.0.0.9, 192.168.10.200.",
          "x-request-id: f884b027.", "."]  # fmt: skip


def test_a_head_printed_line_by_line():
    head = heads.from_lines([*BYLINE, "body"], dots=True)
    assert head is not None and head["complete"]
    assert (head["kind"], head["method"], head["path"], head["version"]) == ("request", "GET", "/a/../b", "1.1")
    assert (head["host"], head["request_id"]) == ("192.168.10.211", "f884b027")
    assert head["xff"] == ["10.0.0.9", "192.168.10.200"]
    assert "body_hash" not in head


def test_without_the_lone_dot_all_headers_are_there_but_the_end_is_not_known():
    head = heads.from_lines(BYLINE[:-1], dots=True)
    assert head is not None and not head["complete"] and head["request_id"] == "f884b027"


def test_without_any_dots_nothing_is_cut_off():
    lines = [line.removesuffix(".") for line in BYLINE]
    assert heads.from_lines([*lines[:-1], ""], dots=True) == heads.from_lines(BYLINE, dots=True)
    tail = heads.from_lines(["HTTP/1.1 200 OK", "server: a.", ""], dots=True)
    assert tail is not None and dict(tail["headers"])["server"] == "a."


def test_an_answer_with_its_status_and_length():
    head = heads.from_lines(["HTTP/1.1 404 Not Found.", "Content-Length: 9.", "."], dots=True)
    assert head is not None
    assert (head["kind"], head["status"], head["content_length"], head["path"]) == ("response", 404, 9, None)


def test_a_head_printed_as_one_stream():
    stream = "GET / HTTP/1.1..Host: www.darkridge.com..Accept: */*;q=0.1..TE: deflate, gzip....body..Not-A: header"
    assert heads.looks_streamed(stream)
    head = heads.from_stream(stream)
    assert head is not None and head["complete"]
    assert head["headers"] == [("host", "www.darkridge.com"), ("accept", "*/*;q=0.1"), ("te", "deflate, gzip")]


def test_a_stream_that_ends_before_its_head_does_is_incomplete():
    head = heads.from_stream("GET / HTTP/1.1..Host: a..User-Ag")
    assert head is not None and not head["complete"] and head["host"] == "a..User-Ag"


def test_dash_a_prints_the_packets_own_headers_in_front():
    head = heads.behind_headers(["E..t..@.@......l...P.GET / HTTP/1.1", "Host: a", "", "body"])
    assert head is not None and (head["path"], head["host"], head["complete"]) == ("/", "a", True)


def test_a_request_that_a_body_quotes_is_no_request():
    assert heads.behind_headers(["E..t..@.@.Hostname: webpod", "GET / HTTP/1.1", "host: a", ""]) is None


def test_other_text_is_no_head():
    for lines in (["<html>"], [""], [], ["GET /"], ["GET / HTTP/2.0."], ["HTTP/1.1 xyz"]):
        assert heads.from_lines(lines, dots=True) is None
    assert heads.from_stream("....") is None and heads.behind_headers(["nothing"]) is None
