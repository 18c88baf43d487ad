"""HTTP exchanges: a request and its answer on one connection, each with every sighting of it.

Answers come in the order of the requests (RFC 9112, section 9.3.2) or on the request's stream (RFC 9113). The answer
to a request begins where the client's acknowledgement stood when it asked: so an answer that was not captured leaves
its own request unanswered, and shifts no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captools.correlate.clocks.names import clock_names
from captools.correlate.requests.heads import Heads, Message, Seen, messages
from captools.correlate.same.flows import Connection
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.flows import Flow
from captools.model.packets import TcpFlag

_HALF, _WRAP = 1 << 31, 1 << 32
_MOST_HEADS = 1_024  # in one segment or line


@dataclass(slots=True)
class Exchange:
    """One request and its answer (None where no answer was seen).

    ``flow`` is the view of whoever asked; ``variants`` are the same connection's address pairs before and behind NAT.
    ``until_ns`` is when it was over at the latest, ``reset_ns`` when its connection was reset instead of an answer.
    """

    number: int
    connection: int
    flow: Flow
    variants: tuple[Flow, ...]
    request: Message
    response: Message | None = None
    until_ns: int = 0
    reset_ns: int | None = None

    def request_ns(self) -> int:
        """Time of the first sighting of the request."""
        return self.request.ts_ns

    def response_ns(self) -> int | None:
        """Time of the first sighting of the answer's head."""
        return self.response.ts_ns if self.response else None


@dataclass(frozen=True, slots=True)
class _Grouped:
    """Which conversation each row belongs to, and whether its originator sent it; ABSENT where it is none's."""

    number: Ints
    forward: npt.NDArray[np.bool_]


def exchanges(rows: Sightings, http: pa.Table, groups: Sequence[Sequence[Connection]]) -> list[Exchange]:
    """Return all exchanges in the HTTP table, by time of the request.

    Sightings of one message are told by their connection and the sequence number of the head's first byte: that holds
    for super-frames and for the segments they are cut into alike.
    """
    if not len(http):
        return []
    grouped = _grouped(len(rows), groups)
    head_row: Ints = http["row"].to_numpy()
    known = np.flatnonzero(grouped.number[head_row] != ABSENT)
    messages = _messages(rows, http.take(pa.array(known)), grouped)
    found = _paired(rows, messages, groups, grouped)
    found.sort(key=lambda one: one.request.ts_ns)
    for number, one in enumerate(found):
        one.number = number
    return found


def _grouped(size: int, groups: Sequence[Sequence[Connection]]) -> _Grouped:
    number = np.full(size, ABSENT, np.int64)
    forward = np.zeros(size, np.bool_)
    for way in (True, False):
        parts = [(at, one.forward if way else one.reply) for at, variants in enumerate(groups) for one in variants]
        if parts:
            where = np.concatenate([part for _, part in parts])
            number[where] = np.repeat([at for at, _ in parts], [len(part) for _, part in parts])
            forward[where] = way
    return _Grouped(number, forward)


def _messages(rows: Sightings, http: pa.Table, grouped: _Grouped) -> list[Message]:
    """Return each message once, with its sightings; by conversation, then time, then place in its segment."""
    if not len(http):
        return []
    row: Ints = http["row"].to_numpy()
    order: Ints = http["order"].to_numpy()
    asks = np.array(http["kind"].combine_chunks().dictionary_decode().to_pylist(), dtype=object) == "request"
    seq = rows["seq"][row]
    place = np.where(
        seq != ABSENT,
        (seq + http["at"].to_numpy().astype(np.int64)) & (_WRAP - 1),
        -1 - row * _MOST_HEADS - order,  # a text log without numbers tells messages apart by line
    )
    keys = np.stack([grouped.number[row], asks, place])
    ts = rows["ts_ns"][row]
    cut = ~np.asarray(http["complete"].to_numpy(zero_copy_only=False), np.bool_)
    bodiless = np.asarray(http["body_hash"].is_null().to_numpy(zero_copy_only=False), np.bool_)
    number = _numbered(keys)
    # The best head of each message comes first: a whole one, then one with a body (a super-frame holds more of it).
    by = np.lexsort((ts, bodiless, cut, number))
    best = by[np.r_[True, number[by][1:] != number[by][:-1]]]
    heads = Heads(http.take(pa.array(best)))
    by_time = np.lexsort((ts, number))
    ordered = row[by_time]
    begins = np.flatnonzero(np.r_[True, np.diff(number[by_time]) != 0]).tolist()
    columns = [ordered.tolist(), *(rows[name][ordered].tolist() for name in ("ts_ns", "point", "ttl"))]
    ends = [*begins[1:], len(ordered)]
    seen = [Seen(*(column[one:end] for column in columns)) for one, end in zip(begins, ends, strict=True)]
    made = messages(heads, seen, clock_names(rows))
    begun = np.array([one.ts_ns for one in made], np.int64)
    sort = np.lexsort((order[best], begun, grouped.number[row[best]]))
    return [made[at] for at in sort.tolist()]


def _numbered(keys: Ints) -> Ints:
    """Number the different columns of ``keys``."""
    by = np.lexsort(keys)
    number = np.empty(keys.shape[1], np.int64)
    number[by] = np.cumsum(np.r_[False, (np.diff(keys[:, by], axis=1) != 0).any(axis=0)])
    return number


def _paired(
    rows: Sightings, messages: list[Message], groups: Sequence[Sequence[Connection]], grouped: _Grouped
) -> list[Exchange]:
    found: list[Exchange] = []
    begin = 0
    numbers = grouped.number[[one.seen.rows[0] for one in messages]].tolist() if messages else []
    for at in range(len(messages)):
        if at + 1 == len(messages) or numbers[at + 1] != numbers[at]:
            found += _of_connection(rows, messages[begin : at + 1], numbers[at], groups[numbers[at]], grouped)
            begin = at + 1
    return found


def _of_connection(
    rows: Sightings, messages: list[Message], number: int, variants: Sequence[Connection], grouped: _Grouped
) -> list[Exchange]:
    """Pair each answer with the oldest open request of its connection, or of its stream."""
    found: list[Exchange] = []
    waiting: dict[int | None, list[Exchange]] = {}
    flows: dict[bool, tuple[Flow, ...]] = {}
    for message in messages:
        line = waiting.setdefault(message.stream, [])
        if message.status is None:
            ahead = bool(grouped.forward[message.seen.rows[0]])
            flow = flows.setdefault(ahead, tuple(one.flow if ahead else _turned(one.flow) for one in variants))
            line.append(Exchange(0, number, flow[0], flow, message))
            found.append(line[-1])
        elif message.status >= 200:
            while len(line) > 1 and _answers_a_later_one(rows, line, message):
                line.pop(0)
            if line:
                line.pop(0).response = message
    _end(rows, found, variants)
    return found


def _turned(flow: Flow) -> Flow:
    return Flow(flow.dst, flow.src, flow.proto, flow.dport, flow.sport, flow.icmp_id)


def _answers_a_later_one(rows: Sightings, line: list[Exchange], answer: Message) -> bool:
    """Tell whether the client had the oldest request's answer before it sent the next one, which lies before this one."""
    if answer.stream is not None:
        return False
    first, second = (int(rows["ack"][one.request.seen.rows[0]]) for one in line[:2])
    seq = int(rows["seq"][answer.seen.rows[0]])
    if ABSENT in (first, second, seq):
        return False
    place = seq + answer.at_byte
    return 0 < (second - first) % _WRAP < _HALF and (place - second) % _WRAP < _HALF


def _end(rows: Sightings, found: list[Exchange], variants: Sequence[Connection]) -> None:
    """Say of each exchange until when it was open, and whether a reset ended it."""
    last = reset = None
    for at, one in enumerate(found):
        if one.response is not None:
            one.until_ns = one.response.ts_ns
            continue
        if last is None:
            every = np.concatenate([part for each in variants for part in (each.forward, each.reply)])
            times, flags = rows["ts_ns"][every], rows["tcp_flags"][every]
            last = int(times.max())
            reset = np.sort(times[(flags != ABSENT) & (flags & TcpFlag.RST != 0)])
        follows = at + 1 < len(found) and one.request.stream is None
        one.until_ns = found[at + 1].request.ts_ns if follows else last
        after: list[int] = reset[reset >= one.request.ts_ns].tolist() if reset is not None else []
        one.reset_ns = after[0] if after else None
