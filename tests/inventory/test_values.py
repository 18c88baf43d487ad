from __future__ import annotations

import pytest

from captools.inventory.values import (
    NotAsClaimed,
    address,
    at,
    clean,
    host_of,
    list_at,
    number,
    parse_json,
    parse_json_pairs,
    prefix,
)


def test_a_repeated_key_keeps_its_first_value_or_both() -> None:
    text = '{"dst":"10.0.0.0/8","dst":"192.0.2.1"}'
    assert parse_json(text) == {"dst": "10.0.0.0/8"}
    assert parse_json_pairs(text) == [("dst", "10.0.0.0/8"), ("dst", "192.0.2.1")]


@pytest.mark.parametrize("text", ['{"a":', "[" * 100_000, '{"a":' + "9" * 5_000 + "}", "", "\x00"])
def test_damaged_json_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(NotAsClaimed, match="JSON"):
        parse_json(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [("eth0", "eth0"), (" eth0\n", "eth0"), ("\x1b[31mred\x07", "[31mred"), ("a\ud800b", "ab"), (5, ""), (None, "")],
)
def test_text_for_people_carries_no_control_characters(value: object, text: str) -> None:
    assert clean(value) == text


def test_nested_lookups_survive_any_wrong_type() -> None:
    assert at({"a": {"b": 1}}, "a", "b") == 1
    assert at({"a": []}, "a", "b") is None
    assert list_at({"a": {"b": "no list"}}, "a", "b") == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7, 7), ("7", 7), (True, None), (-1, None), ("-1", None), ("٣", None), (1.5, None), ("9" * 400, None), ([], None)],
)
def test_a_number_is_a_whole_one_that_fits_64_bits(value: object, expected: int | None) -> None:
    assert number(value) == expected


def test_addresses_and_prefixes_get_their_usual_spelling_or_nothing() -> None:
    assert address("FD00:0::1") == "fd00::1"
    assert (address("10.0.0.256"), address(None), address("../etc")) == ("", "", "")
    assert (prefix("10.1.2.3/8"), prefix("10.1.2.3"), prefix("x")) == ("10.0.0.0/8", "10.1.2.3/32", "")


@pytest.mark.parametrize(
    ("text", "host"),
    [("10.0.0.1", "10.0.0.1"), ("10.0.0.1/32", "10.0.0.1"), ("10.0.0.0/24", ""), ("fd00::1/128", "fd00::1"),
     ("fd00::/32", ""), ("", "")],
)  # fmt: skip
def test_only_a_prefix_of_one_address_has_a_host(text: str, host: str) -> None:
    assert host_of(text) == host
