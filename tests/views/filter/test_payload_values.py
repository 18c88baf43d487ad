"""One value after the other from the tables of payloads."""

from __future__ import annotations

import pyarrow as pa
import pytest

from captools.model.packets import DNS, HTTP
from captools.views.filter.fields import FIELDS
from captools.views.filter.payload_values import values_of


def told(name, table):
    """Return (entry, value) of each value."""
    values, entries = values_of(FIELDS[name], table)
    where = range(len(values)) if entries is None else entries.tolist()
    return [(at, value) for at, value in zip(where, values.to_pylist(), strict=True) if value is not None]


@pytest.mark.parametrize("begin", [0, 1, 2])
def test_header_lines_keep_their_entry_in_any_part_of_a_table(begin):
    lines = [[("host", "a"), ("via", "x")], None, [("via", "y"), ("host", "b"), ("via", "z")], []]
    table = pa.Table.from_pylist([{"row": at, "kind": "request", "headers": one} for at, one in enumerate(lines)],
                                 schema=HTTP)  # fmt: skip
    expected = [(0, "a"), (2, "b")]
    assert told("http.host", table.slice(begin)) == [(at - begin, one) for at, one in expected if at >= begin]
    assert told("http2.headers.via", table)[-2:] == [(2, "y"), (2, "z")]


@pytest.mark.parametrize(
    ("uri", "method", "host", "full"),
    [
        ("/a?b=1", "GET", "shop.example", "http://shop.example/a?b=1"),
        ("http://other.example/", "GET", "shop.example", "http://other.example/"),
        ("shop.example:443", "CONNECT", "shop.example", "shop.example:443"),
        ("/", "GET", None, None),
    ],
)
def test_a_full_uri_has_scheme_and_host_once(uri, method, host, full):
    table = pa.Table.from_pylist(
        [{"row": 0, "kind": "request", "method": method, "path": uri, "host": host}], schema=HTTP
    )
    assert told("http.request.full_uri", table) == ([(0, full)] if full else [])


def test_answers_are_told_apart_by_what_they_are():
    answers = [["a.example", "10.0.0.1", "fd00::1"], [], ["10.0.0.1", "999.1.1.1", "::g"]]
    table = pa.Table.from_pylist([{"row": at, "answers": one} for at, one in enumerate(answers)], schema=DNS)
    four = b"\0" * 10 + b"\xff\xff\x0a\0\0\x01"
    assert told("dns.a", table) == [(0, four), (2, four)]
    assert told("dns.aaaa", table) == [(0, b"\xfd" + b"\0" * 14 + b"\x01")]
    assert told("dns.cname", table) == [(0, "a.example"), (2, "999.1.1.1"), (2, "::g")]
    assert told("dns.a", table.slice(1)) == [(1, four)]


def test_a_query_has_no_result_code():
    rows = [{"row": 0, "response": False, "rcode": 0}, {"row": 1, "response": True, "rcode": 2}]
    assert told("dns.flags.rcode", pa.Table.from_pylist(rows, schema=DNS)) == [(1, 2)]
