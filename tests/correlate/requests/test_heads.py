"""Heads as columns, messages, and their sightings."""

from __future__ import annotations

import numpy as np

from captools.correlate.clocks.names import clock_names
from captools.correlate.requests.heads import Heads, Seen, messages
from tests.correlate.talk import MS, START, Ends, get, read, reply

LINK = Ends("10.0.0.1", 40000, "10.0.0.2")


def test_a_header_is_found_for_every_head_that_has_it_the_first_of_several():
    asks = [LINK.ask(0, b"GET /1 HTTP/1.1\r\nX-Seen: 1\r\nx-seen: 2\r\n\r\n"),
            Ends("10.0.0.3", 1, "10.0.0.2").ask(1, get("/2")),
            Ends("10.0.0.4", 1, "10.0.0.2").ask(2, get("/3", x_seen="3"))]  # fmt: skip
    heads = Heads(read(n__e=asks).http)
    assert heads.header("x-seen") == {0: "1", 2: "3"} and heads.header("x-other") == {}


def test_of_no_heads_nothing_is_found():
    assert Heads(read(n__e=[LINK.ask(0, b"x")]).http).header("host") == {}


def test_sightings_come_by_time_with_their_points_clocks_and_ttl():
    found = read(far__e=[LINK.ask(3, get(), ttl=63)], near__a=[LINK.ask(2, get())], near__b=[LINK.ask(1, get())])
    rows = found.rows()
    seen = Seen.of(rows, np.array([0, 1, 2]))
    assert [rows.points[code] for code in seen.points] == ["near/b", "near/a", "far/e"]
    assert seen.ttl == [64, 64, 63] and seen.rows == [2, 1, 0]
    assert seen.first(clock_names(rows)) == {"near": START + MS, "far": START + 3 * MS}


def test_a_message_has_what_its_head_says():
    found = read(n__e=[LINK.ask(0, get("/a", x_forwarded_for="1.2.3.4, 5.6.7.8", x_request_id="id")),
                       LINK.answer(5, reply(204))])  # fmt: skip
    rows = found.rows()
    seen = [Seen.of(rows, np.array([row])) for row in found.http["row"].to_pylist()]
    ask, answer = messages(Heads(found.http), seen, clock_names(rows))
    assert (ask.method, ask.path, ask.host, ask.status, ask.xff, ask.request_id) == (
        "GET", "/a", "shop", None, ("1.2.3.4", "5.6.7.8"), "id",
    )  # fmt: skip
    assert (answer.method, answer.path, answer.status, answer.content_length, answer.body_hash) == (
        "",
        "",
        204,
        0,
        None,
    )
    assert (ask.header("host"), ask.complete, ask.stream, ask.at_byte, ask.ts_ns) == ("shop", True, None, 0, START)
