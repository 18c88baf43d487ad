"""Payload hashes are the reference's, for every length and what follows the payload."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captures import build
from tests.wire.equality import assert_same

pytestmark = pytest.mark.slow


def frame(payload: bytes, behind: bytes = b"") -> bytes:
    return build.ethernet(
        build.ipv4(build.udp(payload, sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17) + behind
    )


@given(st.lists(st.binary(max_size=70), min_size=1, max_size=10))
def test_hashes_are_the_references(payloads):
    table = assert_same(build.pcap([(at, frame(one)) for at, one in enumerate(payloads)]))
    assert [found is None for found in table["payload_hash"].to_pylist()] == [not one for one in payloads]


def test_padding_behind_the_payload_changes_nothing():
    table = assert_same(build.pcap([(1, frame(b"same")), (2, frame(b"same", b"padding"))]))
    assert len(set(table["payload_hash"].to_pylist())) == len(set(table["payload_head"].to_pylist())) == 1


def test_super_frames_are_hashed_as_far_as_the_reference_does():
    segment = build.tcp(b"y" * 70_001, sport=1, dport=2)
    packet = build.ipv4(segment, src="10.0.0.1", dst="10.0.0.2", proto=6, total=0)
    assert_same(build.pcap([(1, build.ethernet(packet))]))
