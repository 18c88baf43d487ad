"""Reading numbers and blocks that may not be there."""

from __future__ import annotations

import pytest

from captools.wire.cursor import Cursor, Short, printable


def test_numbers_and_blocks_are_read_in_order():
    cursor = Cursor(b"\x01\x02\x03abcX")
    assert (cursor.number(2), cursor.block(1).take(3), cursor.take(1), len(cursor)) == (0x0102, b"abc", b"X", 0)


@pytest.mark.parametrize("data", [b"", b"\x05ab"])
def test_a_block_that_is_longer_than_what_is_there_is_short(data: bytes):
    with pytest.raises(Short):
        Cursor(data).block(1)


def test_nothing_is_read_beyond_the_end_that_was_given():
    with pytest.raises(Short):
        Cursor(b"abcdef", 2, 4).take(3)


def test_bytes_that_are_no_plain_text_become_numbers():
    assert printable(b"a\x1b[31m\\\xc3 b") == "a\\027[31m\\092\\195\\032b"
