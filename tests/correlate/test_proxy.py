"""Joining the two legs of a proxy: strong evidence decides, and what cannot be told apart is not guessed."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from captools.correlate.http import Exchange, Message
from captools.correlate.proxy import is_backend_leg, join
from captools.correlate.sightings import sightings
from captools.model.evidence import Confidence
from captools.model.flows import Flow
from captures.build import ethernet, ipv4, pcap, udp
from tests.correlate.material import S8, material
from tests.wire.conftest import decode_table

MS = 1_000_000
CLIENT, VIP, INGRESS, POD = "192.168.10.200", "192.168.10.212", "172.20.1.35", "172.20.0.121"


class Stage:
    """A clock of rows: each message gets a row at the time it was sent."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.exchanges: list[Exchange] = []

    def message(self, at_ms: float, **head: Any) -> Message:
        self.times.append(int((at_ms + 100) * MS))
        whole = {"headers": [], "xff": [], "request_id": None, "body_hash": None, "content_length": None, "status": None,
                 "method": None, "path": None, "host": "shop", "complete": True, "order": 0, **head}  # fmt: skip
        return Message(whole, [len(self.times) - 1])

    def exchange(
        self, flow: Flow, ask: tuple[float, dict[str, Any]], answer: tuple[float, dict[str, Any]] | None
    ) -> None:
        request = self.message(ask[0], **{"method": "GET", "path": "/", **ask[1]})
        response = self.message(answer[0], **{"status": 200, **answer[1]}) if answer else None
        number = len(self.exchanges)
        self.exchanges.append(Exchange(number, number, flow, (flow,), request, response))

    def joined(self):
        packet = ethernet(ipv4(udp(b"", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17))
        data = pcap([(ts, packet) for ts in self.times])
        return join(sightings(decode_table({"n/e": data})), self.exchanges)


def client(port: int) -> Flow:
    return Flow(CLIENT, VIP, 6, port, 80)


def backend(port: int) -> Flow:
    return Flow(INGRESS, POD, 6, port, 80)


FORWARDED = {"xff": [CLIENT], "request_id": "id-1"}


def test_a_single_fit_is_joined_and_likely():
    stage = Stage()
    stage.exchange(client(1), (0, {}), (10, {}))
    stage.exchange(backend(2), (1, FORWARDED), (9, {}))
    (one,) = stage.joined()
    assert (one.client.flow, one.attempts[0].flow, one.confidence) == (client(1), backend(2), Confidence.LIKELY)


def test_the_same_body_on_both_legs_proves_it():
    stage = Stage()
    stage.exchange(client(1), (0, {}), (10, {"body_hash": 7, "content_length": 5}))
    stage.exchange(backend(2), (1, FORWARDED), (9, {"body_hash": 7, "content_length": 5}))
    assert stage.joined()[0].confidence is Confidence.PROVEN


def test_two_clients_at_once_are_told_apart_by_their_answers():
    stage = Stage()
    stage.exchange(client(1), (0, {}), (10, {"body_hash": 7, "content_length": 5}))
    stage.exchange(client(2), (0, {}), (10, {"body_hash": 8, "content_length": 5}))
    stage.exchange(backend(3), (1, FORWARDED), (9, {"body_hash": 8, "content_length": 5}))
    joined = {one.client.flow.sport: one.attempts for one in stage.joined()}
    assert [a.flow for a in joined[2]] == [backend(3)] and joined[1] == []


def test_two_that_cannot_be_told_apart_are_left_open_and_named():
    stage = Stage()
    stage.exchange(client(1), (0, {}), (10, {}))
    stage.exchange(client(2), (0, {}), (10, {}))
    stage.exchange(backend(3), (1, FORWARDED), (9, {}))
    open_ = [one for one in stage.joined() if one.attempts]
    assert [(one.client, one.confidence) for one in open_] == [(None, Confidence.POSSIBLE)]
    assert f"{CLIENT}:1" in open_[0].note and f"{CLIENT}:2" in open_[0].note


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        ((1, {**FORWARDED, "path": "/other"}), (9, {})),
        ((1, {**FORWARDED, "method": "POST"}), (9, {})),
        ((1, {"xff": ["10.9.9.9"], "request_id": "id-1"}), (9, {})),
        ((-8, FORWARDED), (9, {})),
        ((1, FORWARDED), (30, {})),
        ((20, FORWARDED), (25, {})),
        ((1, FORWARDED), (9, {"body_hash": 8, "content_length": 5})),
    ],
    ids=["path", "method", "another client", "before it", "answered after it", "after it", "another body"],
)
def test_what_contradicts_is_not_joined(ask, answer):
    stage = Stage()
    stage.exchange(client(1), (0, {}), (10, {"body_hash": 7, "content_length": 5}))
    stage.exchange(backend(2), ask, answer)
    assert all(one.client is None or not one.attempts for one in stage.joined())


def test_a_retry_gives_two_attempts_of_one_request():
    stage = Stage()
    stage.exchange(client(1), (0, {}), (20, {"status": 200}))
    stage.exchange(backend(2), (1, FORWARDED), (5, {"status": 503}))
    stage.exchange(backend(3), (6, FORWARDED), (19, {"status": 200}))
    (one,) = stage.joined()
    assert [attempt.flow.sport for attempt in one.attempts] == [2, 3]


def test_a_leg_without_its_other_half_is_told_alone_with_the_reason():
    stage = Stage()
    stage.exchange(backend(2), (1, FORWARDED), (9, {}))
    (one,) = stage.joined()
    assert one.client is None and "client leg was not captured" in one.note


def test_only_what_a_proxy_adds_makes_a_backend_leg():
    stage = Stage()
    stage.exchange(client(1), (0, {"request_id": "from-the-client"}), None)
    stage.exchange(backend(2), (1, FORWARDED), None)
    assert [is_backend_leg(one) for one in stage.exchanges] == [False, True]


def test_the_join_on_the_lab_does_not_need_the_answers_bodies():
    # The lab's own truth (test_truth) holds with bodies; without them it must still be right, if less sure.
    one = material(S8)
    blind = one.http.set_column(
        one.http.column_names.index("body_hash"),
        one.http.schema.field("body_hash"),
        pa.nulls(len(one.http), pa.uint64()),
    )
    from dataclasses import replace

    def legs(of):
        return [
            (r.client_leg.sport, r.backend_leg.sport) for r in of.analysed().requests if r.client_leg and r.backend_leg
        ]

    assert legs(replace(one, http=blind)) == legs(one)
