"""Functions: what each takes, and what it gives."""

from __future__ import annotations

import pytest

from captools.views.filter.errors import FilterError
from captools.views.filter.fields import FIELDS
from captools.views.filter.functions import FUNCTIONS, function_of
from captools.views.filter.kinds import Kind
from captools.views.filter.sides import Side


def side(name: str) -> Side:
    field = FIELDS[name]
    return Side(at=0, kind=field.kind, field=field, lanes=lambda rows: rows.lanes(field))


def told(rows, at: int, name: str, *fields: str) -> list[object]:
    """Return a function's values in row ``at``, nulls left out."""
    found: list[object] = []
    for lane in function_of("", 0, name, [side(field) for field in fields]).lanes(rows):
        values = lane.values.to_pylist()
        found += [values[at]] if lane.rows is None else [values[n] for n, row in enumerate(lane.rows) if row == at]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("at", "name", "fields", "expected"),
    [
        (4, "lower", ("http.request.method",), ["get", "post"]),
        (4, "upper", ("http.host",), ["SHOP.EXAMPLE", "B.EXAMPLE"]),
        (4, "len", ("http.request.uri",), [10, 4]), (1, "len", ("ip.src",), [4, 4]), (5, "len", ("ipv6.src",), [16]),
        (8, "len", ("tls.handshake.random",), [32]), (1, "count", ("ip.src",), [2]), (0, "count", ("http",), []),
        (1, "string", ("ip.src",), ["192.168.20.100", "172.20.2.33"]), (0, "string", ("tcp.dstport",), ["80"]),
        (1, "string", ("eth.src",), ["02:00:00:00:00:01", "0a:81:c7:84:a6:87"]),
        (1, "max", ("ip.ttl",), [64]), (1, "min", ("ip.ttl", "vxlan.vni"), [63]), (0, "max", ("wg.counter",), []),
        (6, "max", ("wg.counter", "ip.ttl"), [64]), (5, "min", ("frame.time_delta", "frame.time_relative"), [10**8]),
        (6, "abs", ("wg.counter",), [3]),
    ],
)  # fmt: skip
def test_a_function_gives_what_the_packet_holds(rows, at, name, fields, expected):
    assert told(rows, at, name, *fields) == expected


def test_every_function_is_there_and_says_when_it_is_asked_too_much():
    for name in FUNCTIONS:
        if name in ("max", "min"):
            continue
        with pytest.raises(FilterError, match=f"{name}\\(\\) takes one field"):
            function_of("text", 0, name, [side("http.host"), side("http.host")])
    with pytest.raises(FilterError, match="there are lower, upper"):
        function_of("text", 0, "mean", [side("ip.ttl")])


def test_a_result_is_of_a_kind_and_cannot_be_asked_for():
    made = function_of("", 0, "string", [side("tcp.port")])
    assert (made.kind, made.computed) == (Kind.TEXT, True)
