"""One frame out of a capture file."""

from __future__ import annotations

import gzip

import pytest

from captools.model.errors import MalformedCapture, UsageError
from captools.store import one_frame
from captools.store.one_frame import frame_of
from captures.build import pcap

FRAMES = [(1, b"a" * 60), (2, b"b" * 61)]


def test_a_frame_comes_with_its_link_type_from_plain_and_packed_files(tmp_path):
    for name, pack in (("x.pcap", bytes), ("x.pcap.gz", gzip.compress)):
        path = tmp_path / name
        path.write_bytes(pack(pcap(FRAMES, linktype=276)))
        assert [frame_of(path, number) for number in (1, 2)] == [(276, b"a" * 60), (276, b"b" * 61)]


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_frame_that_is_not_there_is_one_sentence(tmp_path, number):
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(FRAMES))
    with pytest.raises(MalformedCapture, match=f"has 2 frames, and none is {number}"):
        frame_of(path, number)


def test_a_file_that_is_gone_or_too_large_is_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(MalformedCapture, match="no such file"):
        frame_of(tmp_path / "gone", 1)
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(FRAMES))
    monkeypatch.setattr(one_frame, "MAX_FILE", 10)
    with pytest.raises(UsageError, match="editcap -r x.pcap one.pcap 2"):
        frame_of(path, 2)
