"""Proven messages are read from their own bytes; where these say something else than the scan, they are not proven."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tests.wire.equality import compiled, naming_of
from tests.wire.test_heads import exchange

pytestmark = pytest.mark.slow
ASKED = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n"


def shards(narrow):
    from captools.wire.shards import Shards

    return Shards([narrow], naming_of(1))


def test_heads_come_with_their_places_and_bodies():
    from captools.wire.proven import proven_heads

    data = exchange(ASKED)
    found, confirmed = proven_heads(shards(compiled(data)), np.array([True]), memoryview(data))
    assert [(row, at, one.head.url) for row, at, one in found] == [(2, 0, b"/a"), (2, len(ASKED) - 19, b"/b")]
    assert found[0][2].head.body.value() is not None and confirmed.tolist() == [True]


@pytest.mark.parametrize(
    ("column", "value"), [("content_length", 4), ("chunked", True), ("status", 200), ("length", 30)]
)
def test_a_scan_that_its_bytes_do_not_confirm_proves_nothing(column, value):
    from captools.wire.proven import proven_heads

    data = exchange(ASKED)
    narrow = compiled(data)
    heads = narrow.sides["heads"]
    wrong = pa.array([value, heads[column][1].as_py()], heads.schema.field(column).type)
    heads = heads.set_column(heads.schema.get_field_index(column), column, wrong)
    changed = replace(narrow, sides=narrow.sides | {"heads": heads})
    found, confirmed = proven_heads(shards(changed), np.array([True]), memoryview(data))
    assert found == [] and confirmed.tolist() == [False]


def test_conversations_that_are_not_asked_for_are_left_alone():
    from captools.wire.proven import proven_heads, proven_hellos

    data = exchange(ASKED)
    some = shards(compiled(data))
    assert proven_heads(some, np.array([False]), memoryview(data))[0] == []
    assert list(proven_hellos(some, np.array([False]), memoryview(data))) == []
