"""Bounds of what rests on a node."""

from __future__ import annotations

import pytest

from captools.collect.spooling import SpoolWish
from captools.model.errors import UsageError


def test_a_ring_is_asked_for_by_size_or_by_time():
    assert SpoolWish(ring_bytes=1).ring and SpoolWish(keep_s=1.0).ring and not SpoolWish().ring


@pytest.mark.parametrize(("wish", "words"), [({"full": "no"}, "keep, drop"), ({"compress": "x"}, "auto, never")])
def test_unknown_words_are_refused_with_the_known_ones(wish, words):
    with pytest.raises(UsageError, match=words):
        SpoolWish(**wish).check()
