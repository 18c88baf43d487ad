"""The values of a payload's field: from the columns of the HTTP, TLS and DNS tables to one value after the other.

Each reader gives the values and, where an entry may hold several or none, the entry that each stands in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.addresses import V4_PREFIX, to_bytes
from captools.model.packets import ADDRESS
from captools.views.filter.registry import Field

Entries = npt.NDArray[np.int64]
Values = tuple[Any, Entries | None]  # an Arrow array first
_LEGACY_VERSION = 0x0303  # what TLS 1.3 writes where older versions had theirs (RFC 8446, 4.1.2)
_TLS_1_3 = 0x0304
_HELLOS = {"client_hello": 1, "server_hello": 2}  # RFC 8446, section 4


def values_of(field: Field, table: pa.Table) -> Values:
    """Return every value of ``field`` in its table, in the order of its entries."""
    if field.header:
        return _header(table, field.header)
    if field.column.startswith("+"):
        return DERIVED[field.column](table)
    values = _whole(table, field.column)
    if not pa.types.is_list(values.type):
        return values.cast(pa.binary()) if pa.types.is_fixed_size_binary(values.type) else values, None
    return _flat(values)


def _whole(table: pa.Table, name: str) -> pa.Array[Any]:
    found = table[name].unify_dictionaries().combine_chunks()
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _words(table: pa.Table, name: str) -> pa.Array[Any]:
    return _whole(table, name).cast(pa.string())


def _flat(values: pa.Array[Any]) -> Values:
    return values.flatten(), pc.list_parent_indices(values).to_numpy(zero_copy_only=False)


def _header(table: pa.Table, name: str) -> Values:
    """Return every value of one header line, and which entry of the HTTP table it is in."""
    lines = _whole(table, "headers")
    at = lines.offsets.to_numpy()
    keys, values = lines.keys[at[0] : at[-1]], lines.items[at[0] : at[-1]]
    entries = np.repeat(np.arange(len(lines), dtype=np.int64), np.diff(at))
    there = pc.equal(keys, name)
    return values.filter(there), entries[there.to_numpy(zero_copy_only=False)]


def _there(mask: pa.Array[Any]) -> Values:
    """Return true where the mask is, null elsewhere: fields that are there or not."""
    return pc.if_else(mask.fill_null(False), True, pa.scalar(None, pa.bool_())), None


def _where(mask: pa.Array[Any], values: pa.Array[Any]) -> Values:
    return pc.if_else(mask, values, pa.scalar(None, values.type)), None


def _version(kind: str) -> Callable[[pa.Table], Values]:
    def version(table: pa.Table) -> Values:
        return _where(
            pc.equal(_words(table, "kind"), kind),
            pc.binary_join_element_wise("HTTP/", table["version"].combine_chunks(), ""),
        )

    return version


def _full_uri(table: pa.Table) -> Values:
    """The target with scheme and host, as Wireshark puts it together; a target with its own scheme stays as it is."""
    host, path = _whole(table, "host"), _whole(table, "path")
    own = pc.or_(
        pc.match_substring_regex(path, "^https?://", ignore_case=True), pc.equal(_whole(table, "method"), "CONNECT")
    )
    return pc.if_else(pc.and_(own, host.is_valid()), path, pc.binary_join_element_wise("http://", host, path, "")), None


def _path(table: pa.Table) -> Values:
    path = _whole(table, "path")
    return _where(pc.match_substring(path, "?"), pc.replace_substring_regex(path, r"(?s)\?.*$", ""))


def _query(table: pa.Table) -> Values:
    path = _whole(table, "path")
    return _where(pc.match_substring(path, "?"), pc.replace_substring_regex(path, r"(?s)^[^?]*\?", ""))


def _hello(table: pa.Table) -> Values:
    kinds = pa.array(list(_HELLOS)), pa.array(list(_HELLOS.values()), pa.uint8())
    return kinds[1].take(pc.index_in(_words(table, "kind"), kinds[0])), None


def _legacy_version(table: pa.Table) -> Values:
    return pc.min_element_wise(
        _whole(table, "version"), pa.scalar(_LEGACY_VERSION, pa.uint16()), skip_nulls=False
    ), None


def _supported_version(table: pa.Table) -> Values:
    version = _whole(table, "version")
    return _where(pc.greater_equal(version, pa.scalar(_TLS_1_3, pa.uint16())), version)


def _rcode(table: pa.Table) -> Values:
    return _where(_whole(table, "response"), _whole(table, "rcode"))


def _qname(table: pa.Table) -> Values:
    names = _whole(table, "qname")
    return pc.if_else(pc.equal(names, "."), "<Root>", names), None


def _answers(wanted: Callable[[bytes | None], bool]) -> Callable[[pa.Table], Values]:
    """Answers of one kind; the same few come again and again, so each is looked at once.

    The table keeps answers as text: an alias that reads like an address is taken for one.
    """

    def answers(table: pa.Table) -> Values:
        texts, entries = _flat(_whole(table, "answers"))
        assert entries is not None
        coded = texts.dictionary_encode()
        words = coded.dictionary.to_pylist()
        addresses = [_address(one) for one in words]
        chosen = np.array([wanted(one) for one in addresses], np.bool_)
        values = pa.array(words, pa.string()) if wanted(None) else pa.array(addresses, ADDRESS)
        there = chosen[coded.indices.to_numpy(zero_copy_only=False)]
        return values.take(coded.indices.filter(pa.array(there))), entries[there]

    return answers


def _address(text: str) -> bytes | None:
    try:
        return to_bytes(text)
    except ValueError:
        return None


DERIVED: dict[str, Callable[[pa.Table], Values]] = {
    "+there": lambda table: (pa.array(np.ones(table.num_rows, np.bool_)), None),
    "+request": lambda table: _there(pc.equal(_words(table, "kind"), "request")),
    "+response": lambda table: _there(pc.equal(_words(table, "kind"), "response")),
    "+request_version": _version("request"),
    "+response_version": _version("response"),
    "+full_uri": _full_uri,
    "+uri_path": _path,
    "+uri_query": _query,
    "+hello": _hello,
    "+legacy_version": _legacy_version,
    "+supported_version": _supported_version,
    "+rcode": _rcode,
    "+qname": _qname,
    "+a": _answers(lambda address: address is not None and address.startswith(V4_PREFIX)),
    "+aaaa": _answers(lambda address: address is not None and not address.startswith(V4_PREFIX)),
    "+cname": _answers(lambda address: address is None),
}
