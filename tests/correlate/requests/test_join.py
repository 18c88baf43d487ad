"""Joining the two legs of a proxy: strong evidence decides, and what cannot be told apart is not guessed."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from captools.correlate.requests.candidates import MOST
from captools.correlate.requests.join import BY_ELIMINATION, OVER_TLS
from captools.model.evidence import Confidence
from tests.correlate.material import S8, material
from tests.correlate.requests.stage import (
    CLIENT,
    FORWARDED,
    VIP,
    behind,
    client,
    client_hello,
    exchange,
    joined,
    pairs,
    sealed,
    server_hello,
)
from tests.correlate.talk import Ends, Frames, Read, get, read, reply

SAME = reply(200, b"the same for everybody")


def ours(number: int, begin: float, end: float | None, answer: bytes = SAME) -> Frames:
    return exchange(client(number), begin, end, get("/a"), answer)


def theirs(number: int, begin: float, end: float | None, answer: bytes = SAME, **headers: str) -> Frames:
    return exchange(behind(number), begin, end, get("/a", **(headers or {"x_forwarded_for": CLIENT})), answer)


def at_the_proxy(*frames: Frames) -> Read:
    return read(k8s_w1__eth1=[one for some in frames for one in some])


def test_a_claim_that_a_proxy_hands_on_is_no_other_client():
    claim = {"x_forwarded_for": "203.0.113.9"}
    asked = exchange(client(1), 0, 10, get("/a", **claim), SAME)
    (one,) = joined(at_the_proxy(asked, theirs(2, 1, 9, **claim, x_envoy_internal="true")))
    assert one.client is not None and [leg.exchange.flow.sport for leg in one.attempts] == [34002]
    assert one.confidence is Confidence.PROVEN


def test_the_only_one_that_fits_is_joined_and_likely():
    # A second answer alike elsewhere: the body proves nothing.
    other = exchange(Ends("10.9.9.9", 1, VIP), 500, 510, get("/b"), SAME)
    one = joined(at_the_proxy(ours(1, 0, 10), theirs(2, 1, 9), other))[0]
    assert one.client is not None and [leg.exchange.flow.sport for leg in one.attempts] == [34002]
    assert (one.confidence, one.method.split()[:2]) == (Confidence.LIKELY, ["the", "only"])


def test_an_answer_that_occurs_once_on_either_side_proves_it():
    (one,) = joined(at_the_proxy(ours(1, 0, 10), theirs(2, 1, 9)))
    assert one.confidence is Confidence.PROVEN


def test_one_request_id_on_both_legs_proves_it_whatever_the_path_became():
    ask = exchange(client(1), 0, 10, get("/shop/a", x_request_id="one"), SAME)
    (one,) = joined(at_the_proxy(ask, theirs(2, 1, 9, x_forwarded_for=CLIENT, x_request_id="one")))
    assert (one.confidence, one.method) == (Confidence.PROVEN, "one request id on both legs")


def test_two_clients_at_once_are_told_apart_by_their_answers():
    found = at_the_proxy(
        ours(1, 0, 10, reply(200, b"for one")), ours(2, 0.1, 10.1, reply(200, b"for two")),
        theirs(3, 1, 9, reply(200, b"for two")), theirs(4, 1.1, 9.1, reply(200, b"for one")),
    )  # fmt: skip
    assert pairs(found) == {41001: [34004], 41002: [34003]}


def test_two_that_fit_crosswise_are_told_as_a_group_each_with_both_candidates():
    found = joined(at_the_proxy(ours(1, 0, 10), ours(2, 0.1, 10.1), theirs(3, 1, 9), theirs(4, 1.1, 9.1)))
    assert [(one.client.exchange.flow.sport, one.confidence) for one in found] == [
        (41001, Confidence.POSSIBLE), (41002, Confidence.POSSIBLE),
    ]  # fmt: skip
    for one in found:
        assert one.attempts == [] and [leg.exchange.flow.sport for leg in one.possible_attempts] == [34003, 34004]


def test_one_backend_request_that_fits_two_clients_is_a_candidate_of_both():
    found = joined(at_the_proxy(ours(1, 0, 10), ours(2, 0.1, 10.1), theirs(3, 1, 9)))
    assert [[leg.exchange.flow.sport for leg in one.possible_attempts] for one in found] == [[34003], [34003]]


def test_what_is_used_up_with_proof_leaves_the_other_one_sure():
    found = at_the_proxy(
        ours(1, 0, 10, reply(200, b"only here")), ours(2, 0.1, 10.1),
        theirs(3, 1, 9, reply(200, b"only here")), theirs(4, 1.1, 9.1),
        exchange(Ends("10.9.9.9", 1, VIP), 500, 510, get("/b"), SAME),
    )  # fmt: skip
    assert pairs(found) | {1: []} == {41001: [34003], 41002: [34004], 1: []}
    by_port = {one.client.exchange.flow.sport: one for one in joined(found) if one.client}
    assert by_port[41001].confidence is Confidence.PROVEN and by_port[41002].confidence is Confidence.LIKELY


def test_an_overlap_that_leaves_one_way_only_is_decided_by_elimination_not_by_the_nearest():
    # The second client asks before the first backend request leaves, but is answered before its answer came.
    found = at_the_proxy(ours(1, 0, 30), ours(2, 0.5, 9), theirs(3, 1, 8), theirs(4, 1.1, 20))
    assert pairs(found) == {41001: [34004], 41002: [34003]}
    methods = {one.client.exchange.flow.sport: one.method for one in joined(found)}
    assert methods[41002] == BY_ELIMINATION


def test_several_clients_share_one_pooled_connection():
    back, ask = behind(9), get("/a", x_forwarded_for=CLIENT)
    found = at_the_proxy(
        ours(1, 0, 10), ours(2, 20, 30), ours(3, 40, 50),
        exchange(back, 1, 9, ask, SAME), exchange(back, 21, 29, ask, SAME, seq=1 + len(ask) + len(SAME)),
        exchange(back, 41, 49, ask, SAME, seq=1 + 2 * (len(ask) + len(SAME))),
    )  # fmt: skip
    assert pairs(found) == {41001: [34009], 41002: [34009], 41003: [34009]}


def test_a_retry_is_another_attempt_of_the_same_request():
    again = {"x_forwarded_for": CLIENT, "x_request_id": "one"}
    found = joined(at_the_proxy(ours(1, 0, 20), theirs(2, 1, 5, reply(503), **again), theirs(3, 6, 19, **again)))
    assert [[leg.exchange.flow.sport for leg in one.attempts] for one in found] == [[34002, 34003]]


def test_a_proxy_without_request_ids_retries_too():
    found = joined(at_the_proxy(ours(1, 0, 20), theirs(2, 1, None), theirs(3, 6, 19)))
    assert [[leg.exchange.flow.sport for leg in one.attempts] for one in found] == [[34002, 34003]]


def test_an_id_that_a_client_uses_again_does_not_make_two_requests_one():
    again = {"x_forwarded_for": CLIENT, "x_request_id": "one"}
    asks = [exchange(client(at), at * 20, at * 20 + 10, get("/a", x_request_id="one"), SAME) for at in (1, 2)]
    found = at_the_proxy(*asks, theirs(3, 21, 29, **again), theirs(4, 41, 49, **again))
    assert pairs(found) == {41001: [34003], 41002: [34004]}


def test_a_request_through_two_proxies_is_told_once_at_each():
    second = Ends("172.20.2.77", 35000, "172.20.2.99")
    found = joined(
        at_the_proxy(
            ours(1, 0, 20),
            theirs(2, 1, 19),
            exchange(second, 2, 18, get("/a", x_forwarded_for=f"{CLIENT}, 172.20.1.35"), SAME),
        )
    )
    told = [(one.client.exchange.flow.sport, [leg.exchange.flow.sport for leg in one.attempts]) for one in found]
    assert told == [(41001, [34002]), (34002, [35000])]


def test_a_backend_leg_alone_is_told_where_only_a_proxy_can_have_sent_it():
    (one,) = joined(at_the_proxy(theirs(2, 1, 9, x_forwarded_for=CLIENT, x_forwarded_proto="http")))
    assert one.client is None and len(one.attempts) == 1
    (one,) = joined(at_the_proxy(theirs(2, 1, 9)))  # X-Forwarded-For alone may be the client's own
    assert one.client is not None and one.attempts == []


def test_where_no_clock_ties_the_legs_together_a_join_is_possible_at_most():
    body = reply(200, b"x")
    near, far = exchange(client(1), 0, 10, get("/a"), body), exchange(behind(2), 1, 9, get("/a", **FORWARDED), SAME)
    (one,) = [each for each in joined(read(a__eth0=near, b__eth0=far)) if each.attempts] or [None]
    assert one is None  # other answers
    far = exchange(behind(2), 1, 9, get("/a", **FORWARDED), body)
    (one,) = joined(read(a__eth0=near, b__eth0=far))
    assert one.confidence is Confidence.POSSIBLE and one.attempts


def test_more_at_once_than_can_be_looked_at_are_left_open():
    many = range(MOST + 8)
    found = [frames for at in many for frames in (ours(at, at * 0.01, 100 + at * 0.01), theirs(at, 1 + at * 0.01, 99))]
    told = joined(at_the_proxy(*found))
    assert len(told) == len(many) and not any(one.attempts for one in told)
    assert all(one.confidence is Confidence.POSSIBLE for one in told)


def tls(number: int, begin: float, end: float, size: int = 300) -> Frames:
    ends = replace(client(number), dport=443)
    hello = client_hello(bytes([number]) * 32, "shop", "http/1.1")
    return [
        ends.ask(begin, hello),
        ends.answer(begin + 0.2, server_hello(bytes(32))),
        ends.ask(begin + 0.5, sealed(200), seq=1 + len(hello)),
        ends.answer(end, sealed(size), seq=500),
    ]


SECURE = {"x_forwarded_for": CLIENT, "x_forwarded_proto": "https"}


def test_a_request_over_tls_is_joined_with_the_only_connection_that_fits():
    (one,) = joined(at_the_proxy(tls(1, 0, 10), tls(2, 50, 60), theirs(3, 1, 9, **SECURE)))
    assert one.seat is not None and one.seat.connection.flow.sport == 41001
    assert (one.confidence, one.method) == (Confidence.LIKELY, OVER_TLS)


def test_two_tls_connections_that_fit_are_both_named():
    (one,) = joined(at_the_proxy(tls(1, 0, 10), tls(2, 0.1, 10.1), theirs(3, 1, 9, **SECURE)))
    assert one.seat is None and one.confidence is Confidence.POSSIBLE
    assert [seat.connection.flow.sport for seat in one.possible_seats] == [41001, 41002]


def test_over_http_1_a_tls_connection_carries_one_request_at_a_time():
    found = joined(at_the_proxy(tls(1, 0, 10), theirs(3, 1, 9, **SECURE), theirs(4, 1.1, 9.1, **SECURE)))
    assert all(one.confidence is Confidence.POSSIBLE for one in found)


@pytest.mark.parametrize("column", ["body_hash", "content_length"])
def test_the_join_on_the_lab_does_not_need_the_answers_bodies(column: str):
    one = material(S8)
    place = one.http.column_names.index(column)
    blind = one.http.set_column(
        place, one.http.schema.field(column), pa.nulls(len(one.http), one.http.schema.types[place])
    )

    def legs(of):
        return [
            (r.client_leg.sport, r.backend_leg.sport) for r in of.analysed().requests if r.client_leg and r.backend_leg
        ]

    assert legs(replace(one, http=blind)) == legs(one) != []
