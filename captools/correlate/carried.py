"""What carried each conversation: its own frames at every point, and at the cards the WireGuard datagrams that fit them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captools.correlate.same.repeats import Repeat
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.bridge import Bridge
from captools.correlate.wireguard.messages import Messages, number
from captools.model.carried import CARRIED

_WIREGUARD = "wireguard"


def carried(
    rows: Sightings, lane: Ints, ids: Ints, repeated: npt.NDArray[np.int8], sealed: Bridge, seen: Messages
) -> pa.Table:
    """Return the table (schema CARRIED); ``lane``, ``ids`` and ``repeated`` are by row, ``seen`` are all data messages."""
    parts = [_clear(rows, lane, ids, repeated), _in_wireguard(rows, lane, sealed, seen)]
    return pa.concat_tables(parts).sort_by([(name, "ascending") for name in ("path", "reply", "point", "form")])


def _clear(rows: Sightings, lane: Ints, ids: Ints, repeated: npt.NDArray[np.int8]) -> pa.Table:
    """The conversations' own frames, readable, in a tunnel or not."""
    of = np.flatnonzero((lane != ABSENT) & (repeated != Repeat.DUPLICATE))
    packet = np.where(ids[of] == ABSENT, -2 - of, ids[of])
    _, first = np.unique(number(lane[of], rows["point"][of], packet), return_index=True)
    of = of[np.sort(first)]
    forms = ["plain" if name == "none" else name for name in rows.tunnels]
    load = _Load(lane[of], rows["point"][of], rows["tunnel"][of], of)
    return _table(rows, load, load, forms)


def _in_wireguard(rows: Sightings, lane: Ints, sealed: Bridge, seen: Messages) -> pa.Table:
    """The datagrams that inner packets fit, each once; all of those that a super-frame fills."""
    inner = np.flatnonzero((sealed.outer_of != ABSENT) & (lane != ABSENT))
    if not len(inner):
        return CARRIED.empty_table()
    count = np.maximum(sealed.count[inner], 1)
    parent = np.repeat(np.arange(len(inner)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    datagram = _following(seen, sealed.outer_of[inner][parent], within)
    known = datagram != ABSENT
    parent, datagram = parent[known], datagram[known]
    # Several packets may share a datagram (UDP GSO): it is counted for the first of them.
    outer, first = np.unique(datagram, return_index=True)
    owner, form = lane[inner[parent[first]]], np.zeros(len(outer), np.int64)
    frames = _Load(owner, rows["point"][outer], form, outer)
    packets = _Load(lane[inner], rows["point"][sealed.outer_of[inner]], np.zeros(len(inner), np.int64), inner)
    return _table(rows, frames, packets, [_WIREGUARD])


def _following(seen: Messages, row: Ints, within: Ints) -> Ints:
    """Return the row of the message that is ``within`` behind the first one of ``row``, by counter at the same point."""
    key = number(seen.point, seen.direction)
    order = np.lexsort((seen.counter, key))
    place = np.zeros(int(seen.row.max()) + 1, np.int64)
    place[seen.row[order][::-1]] = np.arange(len(order))[::-1]  # of a row of several messages, the first
    begin = place[row]
    at = np.minimum(begin + within, len(order) - 1)
    one, other = order[begin], order[at]
    same = (key[one] == key[other]) & (seen.counter[other] == seen.counter[one] + within)
    return np.where(same, seen.row[other], ABSENT)


@dataclass(frozen=True, slots=True)
class _Load:
    """Rows, and the conversation's lane, the point's code and the form's that each counts for."""

    lane: Ints
    point: Ints
    form: Ints
    row: Ints


def _table(rows: Sightings, frames: _Load, packets: _Load, forms: list[str]) -> pa.Table:
    """Return the sums of frames, and of the packets in them, for each lane, point and form that has frames."""
    if not len(frames.row):
        return CARRIED.empty_table()
    width = len(rows.points) * len(forms)

    def key(load: _Load) -> Ints:
        return load.lane * width + load.point * len(forms) + load.form

    keys, at = np.unique(key(frames), return_inverse=True)
    of = np.minimum(np.searchsorted(keys, key(packets)), len(keys) - 1)
    fits = keys[of] == key(packets)
    columns = {
        "path": keys // width // 2,
        "reply": pa.array(keys // width % 2 == 1),
        "point": [rows.points[code] for code in (keys % width // len(forms)).tolist()],
        "form": [forms[code] for code in (keys % len(forms)).tolist()],
        "frames": np.bincount(at),
        "wire_bytes": np.bincount(at, np.clip(rows["wire_len"][frames.row], 0, None)).astype(np.int64),
        "packets": np.bincount(of[fits], minlength=len(keys)),
        "packet_bytes": np.bincount(
            of[fits], np.clip(rows["ip_len"][packets.row[fits]], 0, None), minlength=len(keys)
        ).astype(np.int64),
    }
    return pa.table([pa.array(columns[field.name], field.type) for field in CARRIED], schema=CARRIED)
