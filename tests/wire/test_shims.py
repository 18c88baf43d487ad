"""What MPLS labels and NSH carry is found, and nothing is made up where nothing tells it."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.layers import INNER4, LABELS, OURS_ALONE, TUNNELS, over_mpls

pytestmark = pytest.mark.usefixtures("no_io")


@pytest.mark.parametrize(
    ("name", "label", "src", "stop"),
    [
        ("mpls-ipv4", 100, "10.0.0.1", None),
        ("mpls-ipv6", 100, "fd00::1", None),
        ("mpls-explicit-null", 0, "10.0.0.1", None),
        ("mpls-wire", 100, "10.0.0.1", None),
        ("mpls-control-word", 100, "10.0.0.1", None),
        ("mpls-wire-unknown-vendor", 100, "10.0.0.1", None),
        ("mpls-channel", 100, None, "unknown-ethertype"),
        ("mpls-unknown", 100, None, "unknown-ethertype"),
        ("mpls-without-bottom", 1, None, "malformed"),
        ("mpls-in-mpls", 100, None, "too-deep"),
        ("gre-mpls", 77, "10.0.0.1", None),
        ("vxlan-in-mpls", 6, "10.0.0.1", None),
    ],
)
def test_the_first_label_is_told_and_the_packet_below_is_read(row_of, name, label, src, stop):
    row = row_of({**LABELS, **OURS_ALONE}[name])
    assert (row["mpls_label"], row["src"], row["decode_stop"]) == (label, src, stop)


def test_a_pseudowire_shows_the_addresses_of_its_own_ethernet(row_of):
    row = row_of(OURS_ALONE["mpls-control-word-arp"])
    assert (row["arp_op"], row["arp_target_ip"], row["ethertype"]) == (1, "1.2.3.5", 0x0806)
    assert row_of(LABELS["mpls-wire"])["eth_dst"] == "00:11:22:33:44:55"


def test_more_labels_than_any_network_has_end_the_reading(row_of):
    assert row_of(over_mpls(INNER4, *range(16)))["src"] == "10.0.0.1"
    assert row_of(over_mpls(INNER4, *range(17)))["decode_stop"] == "too-deep"


@pytest.mark.parametrize(("name", "src"), [("gpe-nsh", "10.0.0.1"), ("gpe-nsh-ethernet", "10.0.0.1")])
def test_nsh_is_stepped_over_with_its_metadata(row_of, name, src):
    row = row_of(TUNNELS[name])
    assert (row["tunnel"], row["src"], row["decode_stop"]) == ("vxlan", src, None)


def test_nsh_that_carries_the_unknown_or_lies_about_its_length_stops(row_of):
    assert row_of(OURS_ALONE["nsh-unknown"])["decode_stop"] == "unknown-ethertype"
    short = bytearray(build.nsh(INNER4, following=1))
    short[1] &= 0xC0
    frame = build.ethernet(bytes(short), kind=0x894F)
    assert row_of(frame)["decode_stop"] == "malformed"
    assert row_of(build.ethernet(build.nsh(INNER4, following=1), kind=0x894F))["dport"] == 80
