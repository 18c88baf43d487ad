"""The packet and HTTP tables as a filter sees them: for each field, the values it has in each packet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.views.filter.derived import DERIVED
from captools.views.filter.kinds import Kind
from captools.views.filter.layers import PRESENT, Mask
from captools.views.filter.registry import Field, Slot
from captools.views.filter.tree import Span

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One value or none (null) for each packet; with ``rows``, one for each entry: that packet's row."""

    values: pa.Array[Any]
    rows: Ints | None = None


class Rows:
    """The two tables, with what several parts of a filter ask of them kept. Rows of ``http`` point into ``packets``."""

    def __init__(self, packets: pa.Table, http: pa.Table | None = None) -> None:
        self.packets = packets
        self.http = http
        self._kept: dict[object, Any] = {}

    def __len__(self) -> int:
        return int(self.packets.num_rows)

    def column(self, name: str) -> pa.Array[Any]:
        """Return a column of the packet table in one piece; names with ``+`` are derived from others."""
        if name not in self._kept:
            if name.startswith("+"):
                self._kept[name] = DERIVED[name](self)
            else:
                whole = self.packets[name].unify_dictionaries().combine_chunks()
                self._kept[name] = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
        found: pa.Array[Any] = self._kept[name]
        return found

    def valid(self, name: str) -> Mask:
        """Tell for each row whether the column has a value."""
        found: Mask = self._keep(("valid", name), lambda: to_numpy(self.column(name).is_valid()))
        return found

    def numbers(self, name: str) -> Any:
        """Return a column of numbers with 0 for null."""
        return self._keep(("numbers", name), lambda: to_numpy(self.column(name).fill_null(0)))

    def equal(self, name: str, value: int) -> Mask:
        """Tell for each row whether the column holds this number."""
        mask: Mask = self.valid(name) & (self.numbers(name) == value)
        return mask

    def says(self, name: str, word: str) -> Mask:
        """Tell for each row whether a column of words holds this one."""
        found: Mask = to_numpy(pc.equal(self.column(name), word).fill_null(False))
        return found

    def octets(self, name: str) -> Any:
        """Return a column of addresses as an array of rows by bytes; what stands for null is any bytes."""
        return self._keep(("octets", name), lambda: raw_bytes(self.column(name)))

    def present(self, protocol: str, slot: Slot) -> Mask | None:
        """Tell for each row whether the protocol is in the slot; None where it never can be."""
        if (protocol, slot) not in PRESENT:
            return None
        found: Mask = self._keep((protocol, slot), lambda: PRESENT[protocol, slot](self))
        return found

    def lanes(self, field: Field, layers: tuple[Span, ...] = ()) -> list[Lane]:
        """Return the values of a field, outermost first; of some layers of its protocol where ``layers`` says so."""
        if field.protocol == "http":
            return self._http_lanes(field, layers)
        found: list[Lane] = []
        for slot in Slot:
            there = self.present(field.protocol, slot)
            if there is None or (field.places and slot not in field.places):
                continue
            if layers:
                there = there & self._chosen(field.protocol, slot, layers)
            if field.kind is Kind.LAYER:
                found.append(Lane(values=pa.array(there, mask=~there)))
                continue
            if there.any():
                found += [Lane(values=_where(there, self._value(field, name))) for name in field.places[slot]]
        return found

    def _value(self, field: Field, column: str) -> pa.Array[Any]:
        values = self.column(column)
        if not field.bit:
            return values
        return pc.not_equal(pc.bit_wise_and(values, pa.scalar(field.bit, values.type)), pa.scalar(0, values.type))

    def _chosen(self, protocol: str, slot: Slot, layers: tuple[Span, ...]) -> Mask:
        """Tell for each row whether the header in ``slot`` is one of the layers asked for, counted from 1."""
        number, total = np.zeros(len(self), np.int64), np.zeros(len(self), np.int64)
        for one in Slot:
            there = self.present(protocol, one)
            if there is not None:
                total += there
                number += there if list(Slot).index(one) <= list(Slot).index(slot) else 0
        return within(number, total, layers)

    def _http_lanes(self, field: Field, layers: tuple[Span, ...]) -> list[Lane]:
        if self.http is None or not self.http.num_rows:
            return []
        http = self._http1()
        row = to_numpy(http["row"].combine_chunks())
        values, rows = _header(http, field.header) if field.header else (_column(http, field.http), None)
        parents = row if rows is None else row[rows]
        if layers:
            order = to_numpy(http["order"].combine_chunks().fill_null(0)).astype(np.int64) + 1
            heads = np.bincount(row, minlength=len(self))[row]
            chosen = within(order, heads, layers)
            keep = chosen if rows is None else chosen[rows]
            parents, values = parents[keep], values.filter(pa.array(keep))
        return [Lane(values=values, rows=parents)]

    def _http1(self) -> pa.Table:
        """Return the heads of HTTP/1: those of HTTP/2 (which have a stream) are another protocol's fields."""
        assert self.http is not None
        http = self.http
        if "stream" not in http.column_names:
            return http
        found: pa.Table = self._keep("http1", lambda: http.filter(pc.is_null(http["stream"])))
        return found

    def _keep(self, key: object, make: Any) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


def within(number: Ints, total: Ints, spans: tuple[Span, ...]) -> Mask:
    """Tell which layer numbers (from 1, of ``total``) lie in one of ``spans``; negative ones count from the last."""
    found = np.zeros(len(number), np.bool_)
    for span in spans:
        place = number if span.first > 0 else number - total - 1
        end = np.ones(len(number), np.bool_) if span.last is None else place <= span.last
        found |= (place >= span.first) & end & (span.first != 0)
    return found


def to_numpy(values: pa.Array[Any]) -> Any:
    """Return an array without nulls as numpy."""
    return values.to_numpy(zero_copy_only=False)


def _where(there: Mask, values: pa.Array[Any]) -> pa.Array[Any]:
    """Return ``values`` with null wherever ``there`` is not."""
    if there.all():
        return values
    if isinstance(values, pa.DictionaryArray):
        values = values.cast(values.type.value_type)
    return pc.if_else(pa.array(there), values, pa.scalar(None, values.type))


def raw_bytes(values: pa.Array[Any]) -> Any:
    """Return a column of bytes of one width as numpy, rows by bytes; what stands for null is any bytes."""
    width = values.type.byte_width
    data = np.frombuffer(values.buffers()[1], np.uint8)
    start = values.offset * width
    return data[start : start + len(values) * width].reshape(len(values), width)


def _column(http: pa.Table, name: str) -> pa.Array[Any]:
    if name in ("", "+request", "+response"):
        kind = http["kind"].cast(pa.string()).combine_chunks()
        there = kind.is_valid() if not name else pc.equal(kind, name[1:])
        return pc.if_else(there, True, pa.scalar(None, pa.bool_()))
    return http[name].combine_chunks()


def _header(http: pa.Table, name: str) -> tuple[pa.Array[Any], Ints]:
    """Return every value of one header line, and which entry of the HTTP table it is in."""
    lines = http["headers"].to_pylist()
    found = [(at, value) for at, one in enumerate(lines) for key, value in one or () if key == name]
    values = pa.array([value for _, value in found], pa.string())
    return values, np.array([at for at, _ in found], np.int64)
