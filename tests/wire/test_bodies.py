"""The hash of a body."""

from __future__ import annotations

from captools.wire.bodies import MAX_BODY, Body


def value_of(*feeds: tuple[list[bytes], int]) -> int | None:
    body = Body()
    for chunks, size in feeds:
        body.feed(map(memoryview, chunks), size)
    return body.value()


def test_a_body_has_the_same_hash_however_it_was_cut():
    assert value_of(([b"hello ", b"world"], 11)) == value_of(([b"h"], 1), ([b"ello world"], 10)) is not None


def test_another_body_has_another_hash():
    assert value_of(([b"hello"], 5)) != value_of(([b"hellp"], 5))


def test_a_missing_byte_leaves_no_hash_whatever_comes_behind():
    assert value_of(([b"hell"], 5), ([b"world"], 5)) is None


def test_an_empty_body_and_one_that_is_too_long_have_no_hash():
    assert value_of(([], 0)) is None
    assert value_of(([b"x" * MAX_BODY], MAX_BODY)) is not None
    assert value_of(([b"x" * MAX_BODY], MAX_BODY), ([b"x"], 1)) is None
