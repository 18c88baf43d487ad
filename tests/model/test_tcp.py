"""TCP figures as objects: shares, rates, the worst point, and what is asked of a connection."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from captools.model.paths import Way
from captools.model.tcp import TCP_STREAMS, Stuck, Tcp


def row(**changes: Any) -> dict[str, Any]:
    numbers = {field.name: 0 for field in TCP_STREAMS if pa.types.is_integer(field.type)}
    unknown = {"mss": None, "data_first_ns": None, "data_last_ns": None, "handshake_ns": None}
    return {**numbers, **unknown, "reply": False, "point": "n/e", **changes}


def tcp(*rows: dict[str, Any]) -> Tcp:
    return Tcp(pa.Table.from_pylist(list(rows), schema=TCP_STREAMS))


def test_a_connection_gathers_its_streams():
    told = tcp(row(path=3, point="a/e"), row(path=3, reply=True, point="a/e"), row(path=5))
    assert [one.path for one in told.connections] == [3, 5]
    one = told.connection(3)
    assert one is not None and [stream.way for stream in one.streams] == [Way.FORWARD, Way.REPLY]
    assert one.at("a/e", Way.REPLY) is one.streams[1] and one.at("b/e", Way.REPLY) is None
    assert told.connection(4) is None


def test_what_was_sent_again_is_a_share_of_all_segments():
    (one,) = tcp(row(segments=50, retransmitted_segments=3, recovered_segments=2)).connections
    assert (one.streams[0].resent, one.streams[0].resent_share) == (5, 0.1)
    (none,) = tcp(row()).connections
    assert none.streams[0].resent_share == 0.0


def test_the_worst_point_of_a_way_saw_most_sent_again_and_then_most_at_all():
    told = tcp(row(point="a/e", retransmitted_segments=2, segments=9), row(point="b/e", retransmitted_segments=2, segments=30),
               row(point="c/e", segments=99), row(point="a/e", reply=True, retransmitted_segments=8))  # fmt: skip
    worst = told.connections[0].worst(Way.FORWARD)
    assert worst is not None and worst.point == "b/e"
    (silent,) = tcp(row()).connections
    assert silent.worst(Way.REPLY) is None


def test_the_rate_is_of_what_was_delivered_while_payload_flowed():
    (one,) = tcp(row(delivered_bytes=1_000_000, data_first_ns=5, data_last_ns=5 + 10**9)).connections
    assert one.streams[0].bits_per_s == pytest.approx(8_000_000)


@pytest.mark.parametrize("times", [{}, {"data_first_ns": 7, "data_last_ns": 7}])
def test_one_segment_has_no_rate(times):
    (one,) = tcp(row(delivered_bytes=10, **times)).connections
    assert one.streams[0].data_ns is None and one.streams[0].bits_per_s is None


def test_the_handshake_needs_both_its_parts():
    (one,) = tcp(row(handshake_ns=400), row(reply=True, handshake_ns=600)).connections
    assert one.handshake_ns("n/e") == 1000 and one.handshake_ns("other/e") is None
    (half,) = tcp(row(handshake_ns=400), row(reply=True)).connections
    assert half.handshake_ns("n/e") is None


def test_suspects_are_whole_connections_with_one_bad_stream():
    told = tcp(row(path=1, retransmitted_segments=2), row(path=2, recovered_segments=1, retransmitted_segments=2),
               row(path=2, reply=True))  # fmt: skip
    (one,) = told.suspects(3)
    assert one.path == 2 and len(one.streams) == 2


def test_without_figures_nothing_is_told():
    none = Tcp()
    assert (
        none.connections == ()
        and none.suspects(1) == ()
        and none.resent_proof(tcp(row()).connections[0].streams[0]) == ()
    )


def test_what_is_stuck_is_found_by_path_and_way():
    one = Stuck(
        path=3, way=Way.REPLY, point="n/e", copies=4, payload_bytes=1, first_ns=0, last_ns=1, smallest_lost=41,
        largest_passed=40, passed_after=0, peer_after=0,
    )  # fmt: skip
    told = Tcp(stuck=(one,))
    assert told.stuck_at(3, Way.REPLY) is one
    assert told.stuck_at(3, Way.FORWARD) is None and told.stuck_at(4, Way.REPLY) is None
