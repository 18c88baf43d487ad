"""What a file is, by its first bytes."""

from __future__ import annotations

import pytest

from captools.model.errors import MalformedCapture
from captools.wire.index import is_capture, looks_like_text, read_records
from captures.build import pcap, pcapng


def test_capture_files_are_known_by_content():
    assert is_capture(pcap([])) and is_capture(pcapng([])) and not is_capture(b"GET / HTTP/1.1")
    assert len(read_records(pcap([(1, b"x" * 14)]), "a")) == len(read_records(pcapng([(0, 1, b"x" * 14)]), "a")) == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b"02:57:08 IP 172.20.0.88 > 172.20.2.33: ICMP", "it is text that begins with '02:57:08 IP"),
        (b"\x00\x01\x02\x03\x04", "begins with the bytes 00 01 02 03"),
    ],
)
def test_anything_else_is_refused_with_what_was_found_and_what_to_try(data, says):
    with pytest.raises(MalformedCapture) as refused:
        read_records(data, "eth1.pcap")
    assert says in str(refused.value) and str(refused.value).startswith("eth1.pcap: ") and refused.value.hint


def test_text_is_told_from_bytes():
    assert looks_like_text(b"plain\n\x1b[31m") and not looks_like_text(b"\x00\x01") and not looks_like_text(b"")
