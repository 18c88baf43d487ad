"""Tests of values, and what any and all of them mean for a packet."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from captools.model.addresses import to_bytes
from captools.model.packets import ADDRESS
from captools.views.filter.compare import exists, judge, judge_pairs, relation_test, set_test, some_bit
from captools.views.filter.kinds import Kind
from captools.views.filter.literals import Net
from captools.views.filter.rows import Lane
from captools.views.filter.tree import Quantifier, Relation

ANY, ALL = Quantifier.ANY, Quantifier.ALL
ONE = Lane(values=pa.array([1, 2, None, None] + [None] * 6, pa.uint16()))
TWO = Lane(values=pa.array([3, None, 4, None] + [None] * 6, pa.uint16()))
FEW = Lane(values=pa.array([7, 8, None], pa.int64()), rows=np.array([0, 0, 3]))


def first_four(mask) -> list[bool]:
    assert not mask[4:].any()
    return mask[:4].tolist()


def test_existence_is_any_value_in_any_lane(rows):
    assert first_four(exists(rows, [ONE, TWO, FEW])) == [True, True, True, False]
    assert first_four(exists(rows, [])) == [False] * 4


@pytest.mark.parametrize(
    ("quantifier", "expected"), [(ANY, [True, True, True, False]), (ALL, [False, True, True, False])]
)
def test_any_takes_one_of_them_and_all_takes_each_but_at_least_one(rows, quantifier, expected):
    test = relation_test(Relation.NE, Kind.NUMBER, 1)
    assert first_four(judge(rows, [ONE, TWO], test, quantifier)) == expected


def test_values_of_the_http_table_count_for_their_packet(rows):
    test = relation_test(Relation.EQ, Kind.NUMBER, 8)
    assert first_four(judge(rows, [FEW], test, ANY)) == [True, False, False, False]
    assert first_four(judge(rows, [FEW], test, ALL)) == [False] * 4


def test_pairs_of_two_fields_pass_only_where_both_are(rows):
    assert first_four(judge_pairs(rows, [ONE], [TWO], Relation.LT, ANY)) == [True, False, False, False]
    assert first_four(judge_pairs(rows, [ONE], [FEW], Relation.LT, ALL)) == [True, False, False, False]
    wide = Lane(values=pa.array([2**64 - 1] + [None] * 9, pa.uint64()))
    assert first_four(judge_pairs(rows, [wide], [FEW], Relation.GT, ANY)) == [True, False, False, False]


def test_bits_count_where_one_is_left(rows):
    assert first_four(some_bit(rows, [Lane(values=pa.array([0, 4, None, 0] + [0] * 6))])) == [False, True, False, False]
    octets = Lane(values=pa.array([b"\0", b"\x81", None, b"\0\x01"] + [None] * 6, pa.binary()))
    assert first_four(some_bit(rows, [octets])) == [False, True, False, True]


@pytest.mark.parametrize(
    ("relation", "expected"),
    [(Relation.EQ, [False, True, False]), (Relation.NE, [True, False, True]), (Relation.LT, [True, False, False]),
     (Relation.LE, [True, True, False]), (Relation.GT, [False, False, True]), (Relation.GE, [False, True, True])],
)  # fmt: skip
def test_a_prefix_equals_what_is_in_it_and_lies_between_the_rest(relation, expected):
    net = Net(low=to_bytes("10.0.0.0"), high=to_bytes("10.255.255.255"))
    addresses = pa.array([to_bytes(one) for one in ("9.9.9.9", "10.1.1.1", "11.0.0.0")], ADDRESS)
    assert relation_test(relation, Kind.IPV4, net)(addresses).to_pylist() == expected


@pytest.mark.parametrize("relation", [Relation.LT, Relation.LE, Relation.GT, Relation.GE])
def test_addresses_are_ordered_byte_by_byte(relation):
    told = ["::", "fe80::1", "fe80::2", "fe80:0:0:1::", "10.0.0.1", "10.0.0.2", "255.1.1.1", "ff02::1"]
    values = [to_bytes(one) for one in told]
    function = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}[relation.value]
    for value in values:
        found = relation_test(relation, Kind.ADDRESS, value)(pa.array([*values, None], ADDRESS)).to_pylist()
        assert found == [*(getattr(one, function)(value) for one in values), None]


def test_a_number_may_be_wider_than_the_column():
    column = pa.array([255, None], pa.uint8())
    assert relation_test(Relation.LT, Kind.NUMBER, 70_000)(column).to_pylist() == [True, None]
    assert relation_test(Relation.GT, Kind.NUMBER, 2**64 - 1)(column).to_pylist() == [False, None]


def test_words_are_compared_once_each():
    words = pa.array(["a/b", None, "c"]).dictionary_encode()
    assert relation_test(Relation.EQ, Kind.TEXT, "a/b")(words).to_pylist() == [True, None, False]
    assert relation_test(Relation.CONTAINS, Kind.TEXT, "/")(words).to_pylist() == [True, None, False]
    assert relation_test(Relation.MATCHES, Kind.TEXT, "^A")(words).to_pylist() == [True, None, False]


def test_a_set_holds_values_ranges_and_prefixes_and_knows_absence():
    test = set_test([1, 5], [(10, 12)])
    assert test(pa.array([1, 2, 11, 13, None], pa.uint8())).to_pylist() == [True, False, True, False, None]
    net = Net(low=to_bytes("10.0.0.0"), high=to_bytes("10.0.0.255"))
    assert set_test([net], [])(pa.array([to_bytes("10.0.0.9"), None], ADDRESS)).to_pylist() == [True, None]
