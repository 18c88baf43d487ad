"""What the kernels' scan noted of flows and messages, as tables (schemas FLOWS, HEADS, HELLOS)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captools.model.narrow import FLOWS, HEADS, HELLOS
from captools.model.packets import WORD
from captools.wire.bytesview import Bools, Ints
from captools.wire.kernels import records
from captools.wire.kernels.buffers import bytes_of
from captools.wire.kernels.native import Native

_HEAD_BITS = {"host": records.HAS_HOST, "xff": records.HAS_XFF, "request_id": records.HAS_REQUEST_ID,
              "content_length": records.HAS_LENGTH}  # fmt: skip
_HELLO_BITS = {"random": records.HAS_RANDOM, "session_id_len": records.HAS_SESSION, "cipher": records.HAS_CIPHER,
               "sni": records.HAS_SNI, "alpn": records.HAS_ALPN}  # fmt: skip


def flow_table(flows: Any) -> pa.Table:
    """Return the flows (schema FLOWS) from the kernels' records, or from columns (captools.wire.joined)."""
    arrays = []
    for field in FLOWS:
        values = np.ascontiguousarray(flows[field.name])
        arrays.append(pa.array(values != 0 if field.type == pa.bool_() else values, field.type))
    return pa.table(arrays, schema=FLOWS)


def head_table(rows: Any) -> pa.Table:
    """Return the heads that were scanned (schema HEADS) from the kernels' rows."""
    first = _firsts(rows)
    has, kind = _of(rows, "has", first), _of(rows, "kind", first)
    request = kind == records.REQUEST
    valid = {name: has & bit != 0 for name, bit in _HEAD_BITS.items()}
    valid |= {"status": ~request & (_of(rows, "status", first) > 0), "method": request, "path": request}
    arrays = _strings(rows, first, records.HEAD_STRINGS, valid)
    arrays["kind"] = _words(("request", "response"), kind - 1)
    arrays["chunked"] = pa.array(has & records.HAS_CHUNKS != 0)
    arrays["complete"] = pa.array(has & records.WHOLE != 0)
    return _table(rows, first, HEADS, arrays, valid)


def hello_table(rows: Any) -> pa.Table:
    """Return the hellos that were scanned (schema HELLOS) from the kernels' rows."""
    first = _firsts(rows)
    has = _of(rows, "has", first)
    valid = {name: has & bit != 0 for name, bit in _HELLO_BITS.items()}
    arrays = _strings(rows, first, records.HELLO_STRINGS, valid)
    arrays["alpn"] = _names(arrays["alpn"])
    arrays["random"] = _randoms(rows, first, valid["random"])
    arrays["kind"] = _words(("client_hello", "server_hello"), _of(rows, "kind", first) - 1)
    arrays["complete"] = pa.array(has & records.WHOLE != 0)
    return _table(rows, first, HELLOS, arrays, valid)


def _firsts(rows: Any) -> Ints:
    """Return the rows that begin a message: the others hold more of its text."""
    return np.flatnonzero(rows["kind"] != records.CONTINUED)


def _of(rows: Any, name: str, first: Ints) -> Any:
    """Return a field of the rows ``first``; mostly these are all rows, and nothing is copied."""
    return rows[name] if len(first) == len(rows) else rows[name][first]


def _table(rows: Any, first: Ints, schema: pa.Schema, made: dict[str, pa.Array], valid: dict[str, Bools]) -> pa.Table:
    """Return the table of the strings already ``made`` and the numbers of the rows ``first``."""
    for field in schema:
        if field.name not in made:
            values = _of(rows, field.name, first).astype(field.type.to_pandas_dtype())
            there = valid.get(field.name)
            made[field.name] = pa.array(values, mask=None if there is None else ~there)
    return pa.table([made[field.name] for field in schema], schema=schema)


def _strings(rows: Any, first: Ints, names: tuple[str, ...], valid: dict[str, Bools]) -> dict[str, pa.Array]:
    """Return string columns: their texts stand one behind the other from row ``first`` on."""
    if not len(rows):
        return {name: pa.array([], pa.string()) for name in names}
    sizes = np.stack([_of(rows, name, first) for name in names], axis=1).astype(np.int64)
    room = 2 * sizes.sum(axis=0)  # for nothing but characters of two bytes
    bases = np.cumsum(room) - room
    out = np.empty(int(room.sum()), np.uint8)
    offsets: npt.NDArray[np.int32] = np.empty((len(names), len(first) + 1), np.int32)
    Native("text.gather_texts")(bytes_of(np.ascontiguousarray(rows)).reshape(-1), first, sizes, out, bases, offsets)
    made = {}
    for name, base, places in zip(names, bases.tolist(), offsets, strict=True):
        bits = np.packbits(valid[name], bitorder="little")
        text = out[base : base + int(places[-1])]
        buffers = [pa.py_buffer(one) for one in (bits, places, text)]
        made[name] = pa.Array.from_buffers(pa.string(), len(first), buffers)
    return made


def _randoms(rows: Any, first: Ints, valid: Bools) -> pa.Array:
    data = bytes_of(np.ascontiguousarray(rows))[first, records.TEXT_AT : records.TEXT_AT + 32]
    bits = np.packbits(valid, bitorder="little")
    return pa.Array.from_buffers(pa.binary(32), len(first), [pa.py_buffer(bits), pa.py_buffer(data)])


def _names(blocks: pa.Array) -> pa.Array:
    """Return the lists of names of ALPN blocks (RFC 7301, section 3.1); few different ones are ever seen."""
    coded = blocks.dictionary_encode()
    lists = pa.array([_split(block.encode("latin-1")) for block in coded.dictionary.to_pylist()], pa.list_(pa.string()))
    return lists.take(coded.indices)


def _split(block: bytes) -> list[str]:
    found = []
    while block:
        found.append(block[1 : 1 + block[0]].decode("latin-1"))
        block = block[1 + block[0] :]
    return found


def _words(words: tuple[str, ...], codes: Any) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words)).cast(WORD)
