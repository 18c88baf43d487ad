"""The public WireGuard captures of the shared folder, for tests that compare with tshark."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

REAL = Path(__file__).parents[4] / "shared" / "captures-real" / "wireguard"
_FILES = (
    "cilium-native-wireguard-node-ens160.cap", "cilium-wireguard-any-sll2.pcap", "flowtest-wg_udp_stream.pcap",
    "ndpi-mullvad_wireguard.pcap", "pcpp-WireGuard.pcap", "zeek-spicy-wireguard.pcap",
)  # fmt: skip


def with_tshark(test):
    """Run ``test(name)`` for each file of REAL; skip it where these or tshark are not there."""
    for mark in (
        pytest.mark.skipif(not REAL.is_dir(), reason="the shared captures are not here"),
        pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
        pytest.mark.parametrize("name", _FILES),
    ):
        test = mark(test)
    return test
