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
    first = np.flatnonzero(rows["kind"] != records.CONTINUED)
    heads, has = rows[first], rows["has"][first]
    request = heads["kind"] == records.REQUEST
    valid = {name: has & bit != 0 for name, bit in _HEAD_BITS.items()}
    valid |= {"status": ~request & (heads["status"] > 0), "method": request, "path": request}
    arrays = _strings(rows, first, records.HEAD_STRINGS, valid)
    arrays["kind"] = _words(("request", "response"), heads["kind"] - 1)
    arrays["chunked"] = pa.array(has & records.HAS_CHUNKS != 0)
    arrays["complete"] = pa.array(has & records.WHOLE != 0)
    return _table(heads, HEADS, arrays, valid)


def hello_table(rows: Any) -> pa.Table:
    """Return the hellos that were scanned (schema HELLOS) from the kernels' rows."""
    first = np.flatnonzero(rows["kind"] != records.CONTINUED)
    hellos, has = rows[first], rows["has"][first]
    valid = {name: has & bit != 0 for name, bit in _HELLO_BITS.items()}
    arrays = _strings(rows, first, records.HELLO_STRINGS, valid)
    arrays["alpn"] = _names(arrays["alpn"])
    arrays["random"] = _randoms(hellos, valid["random"])
    arrays["kind"] = _words(("client_hello", "server_hello"), hellos["kind"] - 1)
    arrays["complete"] = pa.array(has & records.WHOLE != 0)
    return _table(hellos, HELLOS, arrays, valid)


def _table(rows: Any, schema: pa.Schema, made: dict[str, pa.Array], valid: dict[str, Bools]) -> pa.Table:
    """Return the table of the strings already ``made`` and the numbers of ``rows``."""
    for field in schema:
        if field.name not in made:
            values = rows[field.name].astype(field.type.to_pandas_dtype())
            there = valid.get(field.name)
            made[field.name] = pa.array(values, mask=None if there is None else ~there)
    return pa.table([made[field.name] for field in schema], schema=schema)


def _strings(rows: Any, first: Ints, names: tuple[str, ...], valid: dict[str, Bools]) -> dict[str, pa.Array]:
    """Return string columns: their texts stand one behind the other from row ``first`` on."""
    if not len(rows):
        return {name: pa.array([], pa.string()) for name in names}
    from captools.wire.kernels.text import gather_utf8, utf8_size  # only where kernels wrote rows

    text = bytes_of(np.ascontiguousarray(rows))[:, records.TEXT_AT :]
    starts = first * records.TEXT_BYTES
    made = {}
    for name in names:
        sizes = rows[name][first].astype(np.int64)
        out = np.empty(int(utf8_size(text, starts, sizes)), np.uint8)
        offsets: npt.NDArray[np.int32] = np.empty(len(first) + 1, np.int32)
        gather_utf8(text, starts, sizes, out, offsets)
        bits = np.packbits(valid[name], bitorder="little")
        buffers = [pa.py_buffer(one) for one in (bits, offsets, out)]
        made[name] = pa.Array.from_buffers(pa.string(), len(first), buffers)
        starts = starts + sizes
    return made


def _randoms(hellos: Any, valid: Bools) -> pa.Array:
    data = np.ascontiguousarray(bytes_of(np.ascontiguousarray(hellos))[:, records.TEXT_AT : records.TEXT_AT + 32])
    bits = np.packbits(valid, bitorder="little")
    return pa.Array.from_buffers(pa.binary(32), len(hellos), [pa.py_buffer(bits), pa.py_buffer(data)])


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
