"""HTTP exchanges: a request and its answer on one connection, each with every sighting of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from captools.correlate.flows import Connection
from captools.correlate.sightings import ABSENT, Sightings
from captools.model.flows import Flow

CONTINUE = 100


@dataclass(slots=True)
class Message:
    """One HTTP head; ``rows`` are its sightings, by time."""

    head: dict[str, Any]
    rows: list[int] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """Return the first header called ``name`` (lower case)."""
        return next((value for key, value in self.head["headers"] if key == name), None)

    @property
    def xff(self) -> tuple[str, ...]:
        """The addresses of X-Forwarded-For, in order."""
        return tuple(self.head["xff"] or ())


@dataclass(slots=True)
class Exchange:
    """One request and its answer (None where no answer was seen).

    ``flow`` is the originator's view; ``variants`` are the same connection's address pairs before and behind NAT.
    """

    number: int
    connection: int
    flow: Flow
    variants: tuple[Flow, ...]
    request: Message
    response: Message | None = None

    def request_ns(self, rows: Sightings) -> int:
        """Time of the first sighting of the request."""
        return min(int(rows["ts_ns"][row]) for row in self.request.rows)

    def response_ns(self, rows: Sightings) -> int | None:
        """Time of the first sighting of the answer's head."""
        return min(int(rows["ts_ns"][row]) for row in self.response.rows) if self.response else None


def exchanges(rows: Sightings, http: pa.Table, groups: list[tuple[Connection, ...]]) -> list[Exchange]:
    """Return all exchanges in the HTTP table, by time of the request.

    Sightings of one message are told by their connection and the sequence number of the head's first byte: that holds
    for super-frames and for the segments they are cut into alike.
    """
    group_of: dict[int, tuple[int, bool]] = {}
    wanted = set(http["row"].to_pylist())
    for number, variants in enumerate(groups):
        for one in variants:
            group_of.update((row, (number, True)) for row in one.forward.tolist() if row in wanted)
            group_of.update((row, (number, False)) for row in one.reply.tolist() if row in wanted)
    messages: dict[tuple[int, str, int], Message] = {}
    for head in http.to_pylist():
        place = group_of.get(head["row"])
        if place is None:
            continue
        key = place[0], head["kind"], _place_in_stream(rows, head)
        message = messages.setdefault(key, Message(head))
        if head["complete"] and not message.head["complete"]:
            message.head = head
        if message.head["body_hash"] is None and head["body_hash"] is not None:
            message.head = head  # a super-frame holds more of the answer than its first segment
        message.rows.append(head["row"])
    for message in messages.values():
        message.rows.sort(key=lambda row: int(rows["ts_ns"][row]))
    return _paired(rows, messages, groups)


def _place_in_stream(rows: Sightings, head: dict[str, Any]) -> int:
    """Return what tells one message of a connection from the next; a text log without numbers tells them by line."""
    seq = int(rows["seq"][head["row"]])
    return (seq + head["at"]) & 0xFFFFFFFF if seq != ABSENT else -1 - int(head["row"])


def _paired(
    rows: Sightings,
    messages: dict[tuple[int, str, int], Message],
    groups: list[tuple[Connection, ...]],
) -> list[Exchange]:
    """Pair each answer with the oldest open request of its connection (HTTP/1.1 answers in order) or HTTP/2 stream."""
    by_connection: dict[int, list[tuple[str, Message]]] = defaultdict(list)
    for (connection, kind, _), message in messages.items():
        by_connection[connection].append((kind, message))
    found: list[Exchange] = []
    for connection, members in by_connection.items():
        members.sort(key=lambda one: (int(rows["ts_ns"][one[1].rows[0]]), one[1].head["order"]))
        open_: dict[int | None, list[Exchange]] = defaultdict(list)
        for kind, message in members:
            waiting = open_[message.head["stream"]]
            if kind == "request":
                flows = tuple(one.flow for one in groups[connection])
                waiting.append(Exchange(0, connection, flows[0], flows, message))
                found.append(waiting[-1])
            elif waiting and message.head["status"] != CONTINUE:
                waiting.pop(0).response = message
    found.sort(key=lambda one: one.request_ns(rows))
    for number, one in enumerate(found):
        one.number = number
    return found
