"""Values in quotes."""

from __future__ import annotations

import doctest

import pytest

from captools.views.filter import strings
from captools.views.filter.strings import unquoted


@pytest.mark.parametrize(
    ("token", "means"),
    [('"GET"', "GET"), (r'"\x47\105\n\"\\"', 'GE\n"\\'), (r'r"\d+"', r"\d+"), ("'P'", "P"), (r'"\q"', "q"), (r'"\x"', "x"),
     (r'"\u00e9\U0001F600"', "\u00e9\U0001f600"), (r'"\u00g"', "u00g"), (r'"\UFFFFFFFF"', "\U0010ffff"), (r'r"a\"b"', r'a\"b')],
)  # fmt: skip
def test_escapes_are_undone_except_in_raw_ones(token, means):
    assert unquoted(token) == means


def test_the_examples_hold():
    assert doctest.testmod(strings).failed == 0
