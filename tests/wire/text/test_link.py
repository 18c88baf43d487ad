"""Interface prefixes and link headers."""

from __future__ import annotations

import pytest

TAIL = "IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 698, seq 1, length 64"
BARE = TAIL[3:]


@pytest.mark.parametrize(
    ("word", "direction"),
    [("In ", "in"), ("Out", "out"), ("B  ", "broadcast"), ("M  ", "multicast"), ("P  ", "other")],
)
def test_a_line_of_any_has_the_point_of_its_own_interface_and_a_direction(row_of, word, direction):
    row = row_of(f"eth1  {word} {TAIL}")
    assert (row["point"], row["direction"], row["linktype"]) == ("router/eth1", direction, 276)
    assert (row["src"], row["icmp_id"]) == ("172.20.0.88", 698)


def test_interface_names_of_all_shapes_are_taken(row_of):
    for name in ("eth1.100", "lxcb75cf4d9b323", "cilium_vxlan", "br-int", "eth0@if5"):
        assert row_of(f"{name} In  {TAIL}")["point"] == f"router/{name}"


def test_dash_e_adds_index_mac_type_and_length(row_of):
    row = row_of(f"eth1  Out ifindex 3 08:00:27:b5:e6:c4 ethertype IPv4 (0x0800), length 144: {BARE}")
    assert (row["point"], row["ifindex"], row["eth_src"], row["wire_len"], row["ethertype"]) == (
        "router/eth1", 3, "08:00:27:b5:e6:c4", 144, 0x0800,
    )  # fmt: skip
    assert row["dst"] == "172.20.2.33"


def test_an_interface_without_a_name_keeps_its_index(row_of):
    row = row_of(f"?     In  ifindex 129 aa:c1:ab:48:2e:36 ethertype IPv4 (0x0800), length 80: {BARE}")
    assert row["point"] == "router/#129"


def test_the_older_cooked_form_tells_the_direction(row_of):
    row = row_of(f" In 08:00:27:b5:e6:c4 ethertype IPv4 (0x0800), length 116: {BARE}")
    assert (row["direction"], row["eth_src"], row["wire_len"], row["linktype"]) == ("in", "08:00:27:b5:e6:c4", 116, 113)
    assert row["point"] == "router/any" and row["src"] == "172.20.0.88"
    assert row_of(f"Out ethertype IPv4 (0x0800), length 116: {BARE}")["direction"] == "out"


def test_ethernet_addresses_with_and_without_their_makers(row_of):
    for src in ("aa:c1:ab:58:73:1e", "aa:c1:ab:58:73:1e (oui Unknown)"):
        row = row_of(f"{src} > Broadcast, ethertype IPv4 (0x0800), length 98: {BARE}")
        assert (row["eth_src"], row["eth_dst"]) == ("aa:c1:ab:58:73:1e", "ff:ff:ff:ff:ff:ff")
        assert (row["wire_len"], row["linktype"], row["ethertype"]) == (98, 1, 0x0800)


def test_quiet_link_headers_are_shorter(row_of):
    row = row_of(f"0a:de:28:08:d8:02 > 0a:be:74:14:e2:32, IPv4, length 98: {BARE}")
    assert (row["wire_len"], row["ethertype"], row["src"]) == (98, 0x0800, "172.20.0.88")


def test_the_first_of_two_vlan_tags_counts_and_the_type_behind_the_last(row_of):
    row = row_of(
        "00:20:d2:5a:fb:3f > ff:ff:ff:ff:ff:ff, ethertype 802.1Q-QinQ (0x88a8), length 64: vlan 200, p 0, "
        f"ethertype 802.1Q (0x8100), vlan 2001, p 0, DEI, ethertype IPv4 (0x0800), {BARE}"
    )
    assert (row["vlan"], row["ethertype"], row["src"]) == (200, 0x0800, "172.20.0.88")


def test_an_unknown_type_keeps_its_number(row_of):
    row = row_of("02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype LLDP (0x88cc), length 60: LLDP, length 46")
    assert (row["ethertype"], row["wire_len"]) == (0x88CC, 60) and "src" not in row


@pytest.mark.parametrize(
    "head", ["ip: ", "AF IPv4 (2), length 88: ", "version 0, resource ID 20, family IPv4 (2), length 88: "]
)
def test_links_without_addresses(row_of, head):
    row = row_of(head + BARE)
    assert (row["src"], row["ip_version"], row["ethertype"]) == ("172.20.0.88", 4, 0x0800)
