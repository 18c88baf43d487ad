"""Sides of comparisons: parts, functions and bits of fields."""

from __future__ import annotations

import pytest

from captools.views.filter.errors import FilterError
from captools.views.filter.grammar import parse
from captools.views.filter.operands import is_field, side_of, unknown
from captools.views.filter.rows import Rows
from captools.views.filter.tree import Compare


def values(rows: Rows, text: str, at: int) -> list[object]:
    """Return what the left side of ``text == 0`` is in row ``at``, nulls left out."""
    tree = parse(f"{text} == 0")
    assert isinstance(tree, Compare) and is_field(tree.left)
    found = []
    for lane in side_of(text, tree.left).lanes(rows):
        told = lane.values.to_pylist()
        found += [told[at]] if lane.rows is None else [told[n] for n, row in enumerate(lane.rows.tolist()) if row == at]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("eth.src[0:3]", 0, [b"\x02\x00\x00"]),
        ("eth.src[-2:]", 1, [b"\x00\x01", b"\xa6\x87"]),
        ("eth.src[0,5]", 0, [b"\x02\x01"]),
        ("eth.src[5:2]", 0, []),
        ("eth.src[6]", 0, []),
        ("ip.src[0:2]", 0, [b"\xc0\xa8"]),
        ("ipv6.src[0:2]", 5, [b"\xfe\x80"]),
        ("http.request.method[0:3]", 4, ["GET", "POS"]),
        ("http.request.method[3]", 4, ["T"]),
        ("http.request.method[-1]", 4, ["T", "T"]),
        ("lower(http.request.method)", 4, ["get", "post"]),
        ("upper(http.host)", 4, ["SHOP.EXAMPLE", "B.EXAMPLE"]),
        ("len(http.request.uri)", 4, [10, 4]),
        ("count(ip)", 1, [2]),
        ("count(http.x_forwarded_for)", 4, [2]),
        ("count(http.host)", 0, []),
        ("tcp.flags & 0x10", 1, [0x10]),
        ("eth.src[0:2] & ff:00", 1, [b"\x02\x00", b"\x0a\x00"]),
        ("eth.src[0:2] & ff", 1, []),
    ],
)
def test_a_side_is_what_the_frame_holds(rows, text, at, expected):
    assert values(rows, text, at) == expected


def test_the_nearest_names_are_told():
    assert unknown("vxlan.vnid")[1].startswith("did you mean vxlan.vni")
    assert unknown("sprot", ("sport",))[1].startswith("did you mean sport")
    assert "did you mean" not in unknown("zzzzzzzz")[1]
    assert len(str(unknown("a" * 100_000)[1])) < 200


@pytest.mark.parametrize("text", ["tcp.port[0]", "frame[0]", "tcp.port & x", "http.host & 1", "tcp.port & tcp.port"])
def test_what_has_no_bytes_or_bits_says_so(text):
    tree = parse(f"{text} == 0")
    assert isinstance(tree, Compare)
    with pytest.raises(FilterError):
        side_of(text, tree.left)
