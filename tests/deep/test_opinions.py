"""Two opinions beside each other."""

from __future__ import annotations

import pytest

from captools.deep.opinions import opinions
from captools.model.errors import MalformedCapture, UsageError


def test_both_readers_agree_on_a_syn(frames, capture_file) -> None:
    found = opinions(str(capture_file(1, frames["syn"][1])), 1)
    assert list(found.trees) == ["scapy", "tshark"] and found.differences == () and not found.silent
    assert found.lines()[-1] == "scapy and tshark agree on every field that both know."
    assert found.to_json()["disagreements"] == []


def test_one_that_fails_is_silent_beside_the_other_and_raises_alone(frames, capture_file) -> None:
    path = str(capture_file(147, frames["syn"][1]))  # a link type that is anybody's
    found = opinions(path, 1)
    assert list(found.trees) == ["tshark"] and "link type 147" in found.silent["scapy"]
    assert found.differences is None and any("scapy has no opinion: " in line for line in found.lines())
    assert found.to_json()["disagreements"] is None
    with pytest.raises(UsageError, match="link type 147"):
        opinions(path, 1, ("scapy",))


def test_a_frame_that_is_not_there_is_told_by_the_one_that_was_asked(frames, capture_file) -> None:
    with pytest.raises(MalformedCapture, match="none is 2"):
        opinions(str(capture_file(1, frames["syn"][1])), 2, ("scapy",))
