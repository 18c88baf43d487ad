"""ARP lines."""

from __future__ import annotations

import pytest

VIP, CLIENT, MAC = "192.168.10.211", "192.168.10.200", "08:00:27:ed:ef:cd"


@pytest.mark.parametrize("head", ["ARP, ", "ARP, Ethernet (len 6), IPv4 (len 4), "])
def test_a_question_names_both_addresses(row_of, head):
    row = row_of(f"{head}Request who-has {VIP} tell {CLIENT}, length 28")
    assert (row["arp_op"], row["arp_target_ip"], row["arp_sender_ip"], row["ethertype"]) == (1, VIP, CLIENT, 0x0806)
    assert "arp_target_mac" not in row and "arp_sender_mac" not in row


def test_a_question_to_one_station_names_its_mac(row_of):
    assert row_of(f"ARP, Request who-has {VIP} ({MAC}) tell {CLIENT}, length 28")["arp_target_mac"] == MAC


def test_an_answer_tells_whose_mac_the_address_has(row_of):
    row = row_of(f"{MAC} > 02:00:00:00:00:01, ethertype ARP (0x0806), length 42: Reply {VIP} is-at {MAC}, length 28")
    assert (row["arp_op"], row["arp_sender_ip"], row["arp_sender_mac"]) == (2, VIP, MAC)
    assert (row["eth_dst"], row["wire_len"]) == ("02:00:00:00:00:01", 42) and "arp_target_ip" not in row


def test_gratuitous_forms(row_of):
    told = row_of(f"ARP, Announcement {VIP}, length 28")
    asked = row_of(f"ARP, Probe {VIP}, length 28")
    assert (told["arp_op"], told["arp_sender_ip"], told["arp_target_ip"]) == (1, VIP, VIP)
    assert (asked["arp_op"], asked["arp_sender_ip"], asked["arp_target_ip"]) == (1, "0.0.0.0", VIP)
    plain = row_of(f"ARP, Request who-has {VIP} tell {VIP}, length 46")
    assert (plain["arp_sender_ip"], plain["arp_target_ip"]) == (VIP, VIP)
