"""Payloads: each packet gets its own identifiers; sealed bytes differ from packet to packet."""

from __future__ import annotations

import re

from captools.wire.index import read_records
from captures.generate import generate


def payloads(marker: bytes) -> list[bytes]:
    data = b"".join(generate(packets=6_000, seed=9))
    records = read_records(data, "made")
    frames = (data[at : at + size] for at, size in zip(records.offset.tolist(), records.cap_len.tolist(), strict=True))
    return [frame[frame.index(marker) :] for frame in frames if marker in frame]


def test_request_ids_are_uuids_and_unique_and_no_mark_is_left():
    ids = [found.group(1) for one in payloads(b"/api/v1/")
           if (found := re.search(rb"[xX]-[rR]equest-[iI]d: ([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\r\n", one))]  # fmt: skip
    assert len(ids) > 100 and len(set(ids)) == len(ids)
    assert not any(mark in one for one in payloads(b"/api/v1/") for mark in (b"@@@", b"####", b"~~~~"))


def test_forwarded_addresses_are_addresses():
    for one in payloads(b"orwarded-For: "):
        octets = re.match(rb"orwarded-For: (\d+)\.(\d+)\.(\d+)\.(\d+)", one)
        assert octets and all(100 <= int(octet) < 200 for octet in octets.groups())


def test_sealed_records_share_no_ciphertext():
    sealed = [one[5:60] for one in payloads(b"\x17\x03\x03\x00\xaf") if len(one) >= 60]
    assert len(sealed) > 5 and len(set(sealed)) == len(sealed)
