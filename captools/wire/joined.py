"""Flows of the same lanes in byte ranges that follow one another: what they add up to, and whether they fit together.

A range knows nothing of those before it. Whether its heads are proven shows at the border: the bytes must go on
where the range before ended, and what was looked at there as a beginning must be one. Where this cannot be told, the
flow becomes odd. Segments are counted as if each range judged its first one by the range before; those behind it
that repeat bytes of an earlier range count as they did in their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captools.model.narrow import FLOWS
from captools.wire.bytesview import Bools, Ints
from captools.wire.kernels.records import BODY, HEAD_NEXT, SEARCHING, UNTIL_CLOSE

Columns = dict[str, npt.NDArray[Any]]  # of FLOWS, one entry per lane
_HALF, _WRAP, _FAR = 1 << 31, 1 << 32, 1 << 30
_SUMS = ("packets", "wire_bytes", "payload_bytes", "syns", "fins", "rsts", "in_order", "retransmitted", "gaps",
         "duplicate_acks")  # fmt: skip
_EITHER = ("tcp_flags", "http", "tls", "odd", "odd_tls", "tls_open")


def columns_of(flows: Any) -> Columns:
    """Return the columns of kernels' records, or of a table of flows, as numbers that can be calculated with."""
    if isinstance(flows, pa.Table):
        return {name: flows[name].to_numpy().astype(np.int64) for name in FLOWS.names}
    return {name: np.asarray(flows[name]).astype(np.int64) for name in FLOWS.names}


def no_flows(count: int) -> Columns:
    """Return ``count`` flows without packets."""
    return {name: np.zeros(count, np.int64) for name in FLOWS.names}


def join(ranges: Iterable[tuple[Ints, Columns]], count: int) -> Columns:
    """Return ``count`` flows from ranges in file order: the number of each of its lanes, and their flows."""
    joined = no_flows(count)
    for numbers, flows in ranges:
        before = {name: column[numbers] for name, column in joined.items()}
        for name, column in _pairs(before, flows).items():
            joined[name][numbers] = column
    return joined


def _pairs(one: Columns, two: Columns) -> Columns:
    """Join flows one by one; ``two`` comes behind."""
    made = {name: one[name] + two[name] for name in _SUMS}
    made |= {name: one[name] | two[name] for name in _EITHER}
    both = (one["packets"] > 0) & (two["packets"] > 0)
    for name, pick in (("first_ns", np.minimum), ("last_ns", np.maximum)):
        made[name] = np.where(both, pick(one[name], two[name]), one[name] + two[name])
    held = one["in_order"] > 0  # segments, without which there is no stream
    for name in ("first_seq", "opened"):
        made[name] = np.where(held, one[name], two[name])
    goes_on = held & (two["in_order"] > 0)
    ahead = np.where(goes_on, _distance(two["first_seq"], one["next_seq"]), 0)
    late = goes_on & (_distance(two["next_seq"], one["next_seq"]) < 0)
    made["next_seq"] = np.where(late | (two["in_order"] == 0), one["next_seq"], two["next_seq"])
    anew = goes_on & (two["opened"] > 0)
    for name, wrong in (("gaps", ahead > 0), ("retransmitted", ahead < 0)):
        made[name] += wrong & ~anew
        made["in_order"] -= wrong & ~anew
    fits, stage, left = _machine(one, two)
    ended = (one["fins"] > 0) & (two["payload_bytes"] > 0)
    made["odd"] |= goes_on & ((ahead != 0) | anew | ended | ~fits)
    again = (ahead < 0) | (ahead >= _FAR) | (anew & (one["opened"] == 0)) | (one["tls_open"] > 0)
    made["odd_tls"] |= goes_on & again & (two["tls"] > 0)
    for name, value in (("stage", stage), ("left", left)):
        made[name] = np.where(goes_on, value, np.where(held, one[name], two[name]))
    searched = ~held | (one["stage"] == SEARCHING)
    made["skipped"] = np.where(searched, one["skipped"] + two["skipped"], one["skipped"])
    return made


def _distance(seq: Ints, other: Ints) -> Ints:
    """Return how far ``seq`` lies behind ``other`` in sequence space."""
    return (seq - other + _HALF) % _WRAP - _HALF


def _machine(one: Columns, two: Columns) -> tuple[Bools, Ints, Ints]:
    """Return whether the machine of ``two``, which began anew, saw what that of ``one`` was to see, and its state.

    It searched for its first head; so it fits where nothing was expected, where a head stands at its very beginning,
    and where what it skipped is the rest of a body.
    """
    stage, skipped = one["stage"], two["skipped"]
    found = two["stage"] != SEARCHING
    rest = one["left"] - skipped
    in_body = stage == BODY
    fits = (
        (stage == SEARCHING)
        | (~found & (skipped == 0))
        | ((stage == HEAD_NEXT) & found & (skipped == 0))
        | (in_body & np.where(found, rest == 0, rest >= 0))
        | ((stage == UNTIL_CLOSE) & ~found)
    )
    after = np.where(in_body & (rest == 0), HEAD_NEXT, stage)
    ended = np.where(found | (stage == SEARCHING), two["stage"], after)
    left = np.where(found | (stage == SEARCHING), two["left"], np.where(in_body, rest, one["left"]))
    return fits, ended, left
