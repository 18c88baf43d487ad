"""TLS connections: what hellos say, and whose turn it is."""

from __future__ import annotations

from captools.correlate.clocks.names import clock_names
from tests.correlate.requests.stage import FRONT, client, client_hello, sealed, server_hello, tls_of
from tests.correlate.talk import MS, START, Frames, Read, get, read, reply

RANDOM = bytes(range(32))
HELLO = client_hello(RANDOM, "shop.example", "h2", "http/1.1")
FAR = 2**62


def session() -> Frames:
    """Hello, hello; a request in two segments, its answer in two; another request."""
    return [
        FRONT.ask(0, HELLO), FRONT.answer(1, server_hello(bytes(32))),
        FRONT.ask(2, sealed(95), seq=1000), FRONT.ask(3, sealed(195), seq=1100),
        FRONT.answer(5, sealed(495), seq=2000), FRONT.answer(6, sealed(295), seq=2500),
        FRONT.ask(8, sealed(95), seq=1300),
    ]  # fmt: skip


def talk(found: Read, clock: str = "k8s-w1"):
    (one,) = tls_of(found)
    rows = found.rows()
    return one.talk(rows, clock_names(rows), clock)


def test_a_connection_is_known_by_its_hellos():
    (one,) = tls_of(read(router__eth1=session(), k8s_w1__eth1=session()))
    assert (one.sni, one.offered, one.alpn, one.random) == ("shop.example", ("h2", "http/1.1"), None, RANDOM)
    assert (one.version, one.multiplexed, one.first_ns) == (0x0303, True, START) and one.until_ns > FAR
    assert len(one.hellos.rows) == 2 and one.sources == {FRONT.src}


def test_the_servers_random_is_kept_but_not_that_of_a_request_for_another_hello():
    retry = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446, 4.1.3
    for sent, kept in ((b"s" * 32, b"s" * 32), (retry, None)):
        (one,) = tls_of(read(n__e=[FRONT.ask(0, HELLO), FRONT.answer(1, server_hello(sent))]))
        assert one.server_random == kept
    (one,) = tls_of(read(n__e=[FRONT.ask(0, HELLO)]))
    assert one.server_random is None


def test_without_h2_on_offer_one_request_at_a_time_is_under_way():
    (one,) = tls_of(read(n__e=[FRONT.ask(0, client_hello(RANDOM, "shop", "http/1.1"))]))
    assert not one.multiplexed and one.version is None


def test_plain_http_and_an_answer_alone_are_no_tls_connection():
    assert tls_of(read(n__e=[FRONT.ask(0, get()), FRONT.answer(1, reply())])) == []
    assert tls_of(read(n__e=[FRONT.answer(1, server_hello(bytes(32)))])) == []


def test_turns_begin_where_the_client_speaks_after_the_server():
    one = talk(read(k8s_w1__eth1=session()))
    assert [one.turn(START + round(at * MS)) for at in (-1, 0, 2.5, 7, 9)] == [-1, 0, 1, 1, 2]
    assert one.end(1) == START + 8 * MS and one.end(2) > FAR


def test_what_the_server_sent_is_counted_from_one_time_to_another():
    one = talk(read(k8s_w1__eth1=session()))
    assert one.answered(START + 4 * MS, FAR) == 500 + 300
    assert one.answered(START + 4 * MS, START + 6 * MS) == 500
    assert one.answered(START + 7 * MS, FAR) == 0


def test_what_came_twice_or_at_two_interfaces_of_a_node_counts_once():
    found = read(k8s_w1__eth1=[*session(), FRONT.answer(7, sealed(495), seq=2000)], k8s_w1__any=session())
    assert talk(found).answered(START + 4 * MS, FAR) == 800
    assert talk(found, "elsewhere").turn(FAR) == -1


def test_the_segments_of_request_and_answer_are_found_with_all_their_sightings():
    found = read(router__eth1=session(), k8s_w1__eth1=session())
    rows, (one,) = found.rows(), tls_of(found)
    words = talk(found)
    asked, answered = words.last_asked(START + 4 * MS), words.first_answered(START + 4 * MS)
    assert asked is not None and answered is not None
    assert [rows.point(row) for row in one.same_segment(rows, asked).rows] == ["router/eth1", "k8s-w1/eth1"]
    assert one.same_segment(rows, asked).ts == [START + 3 * MS] * 2
    assert one.same_segment(rows, answered).ts == [START + 5 * MS] * 2
    assert words.last_asked(START - 1) is None and words.first_answered(FAR) is None


def test_connections_come_by_time():
    found = tls_of(read(n__e=[client(2).ask(5, HELLO), client(1).ask(0, HELLO)]))
    assert [one.flow.sport for one in found] == [41001, 41002]


def test_a_connection_that_was_closed_is_over():
    (one,) = tls_of(read(n__e=[*session(), FRONT.ask(9, seq=2000, flags=0x11), FRONT.answer(10, seq=3000, flags=0x10)]))
    assert one.until_ns == START + 10 * MS
