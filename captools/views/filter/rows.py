"""The tables as a filter sees them: for each field, the values it has in each packet."""

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
from captools.views.filter.payload_values import values_of
from captools.views.filter.registry import Field, Slot
from captools.views.filter.tables import Tables
from captools.views.filter.tree import Span

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One value or none (null) for each packet; with ``rows``, one for each entry: that packet's row."""

    values: pa.Array[Any]
    rows: Ints | None = None

    def at(self, rows: Ints | None) -> pa.Array[Any]:
        """Return the values for each of ``rows``, which are this lane's own if it has some (None: all packets)."""
        return self.values if rows is None or self.rows is not None else self.values.take(pa.array(rows))


class Rows:
    """The tables, with what several parts of a filter ask of them kept."""

    def __init__(self, tables: Tables) -> None:
        self.packets = tables.packets
        self.before = tables.before
        self._tables = tables
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
        if field.sparse:
            return self._payload_lanes(field, layers)
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

    def holding(self, name: str) -> Mask:
        """Tell which packets a table of payloads has entries of."""
        found = np.zeros(len(self), np.bool_)
        table = self._tables.payloads(name)
        if table is not None:
            found[to_numpy(table["row"].combine_chunks())] = True
        return found

    def _payload_lanes(self, field: Field, layers: tuple[Span, ...]) -> list[Lane]:
        """Return the values that a table of payloads holds; a packet's second head or message is its second layer."""
        table = self._of_protocol(field.table, field.protocol, whole=field.kind is not Kind.LAYER)
        if table is None:
            return []
        row = to_numpy(table["row"].combine_chunks())
        values, entries = values_of(field, table)
        parents = row if entries is None else row[entries]
        if layers:
            first = np.searchsorted(row, row)  # entries stand in the order of their packets
            order = np.arange(len(row)) - first + 1
            chosen = within(order, np.searchsorted(row, row, "right") - first, layers)
            keep = chosen if entries is None else chosen[entries]
            parents, values = parents[keep], values.filter(pa.array(keep))
        return [Lane(values=values, rows=parents)]

    def _of_protocol(self, name: str, protocol: str, *, whole: bool) -> pa.Table | None:
        """Return the entries of a table of payloads that are this protocol's: HTTP of either version has its own.

        DNS and multicast DNS share their fields (``whole``), and are two protocols.
        """
        table = self._tables.payloads(name)
        if table is None or protocol not in ("http", "http2", "dns", "mdns") or (name == "dns" and whole):
            return table

        def chosen() -> pa.Table:
            if name == "http":
                streamless = table["stream"].is_null()
                return table.filter(streamless if protocol == "http" else pc.invert(streamless))
            row = to_numpy(table["row"].combine_chunks())
            multicast = self._multicast_dns()[row]
            return table.filter(pa.array(multicast if protocol == "mdns" else ~multicast))

        found: pa.Table = self._keep(("entries", protocol), chosen)
        return found if found.num_rows else None

    def _multicast_dns(self) -> Mask:
        """Tell which rows have port 5353 and not 53: Wireshark asks the lower port first (RFC 6762, section 2)."""
        ports = [self.numbers(name) for name in ("sport", "dport")]
        found: Mask = np.logical_or(*(one == 5353 for one in ports)) & ~np.logical_or(*(one == 53 for one in ports))
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
