"""ARP: who asks, who answers, and what is no ARP for IPv4 over Ethernet."""

from __future__ import annotations

import struct

from captures.build import arp, ethernet

VIP, CLIENT, MAC = "192.168.10.211", "192.168.10.200", "08:00:27:ed:ef:cd"


def test_an_answer_tells_whose_mac_the_address_has(row_of):
    row = row_of(
        ethernet(arp(op=2, sender=VIP, target=CLIENT, sender_mac=MAC, target_mac="02:00:00:00:00:01"), kind=0x0806)
    )
    assert (row["arp_op"], row["arp_sender_ip"], row["arp_sender_mac"]) == (2, VIP, MAC)
    assert (row["arp_target_ip"], row["arp_target_mac"]) == (CLIENT, "02:00:00:00:00:01")


def test_other_hardware_or_protocols_keep_their_row_and_stop(row_of):
    question = bytearray(arp(op=1, sender=CLIENT, target=VIP))
    struct.pack_into("!H", question, 0, 6)  # token ring
    row = row_of(ethernet(bytes(question), kind=0x0806))
    assert (row["arp_op"], row["decode_stop"], row["decode_stop_at"]) == (None, "malformed", 14)


def test_a_cut_question_is_truncated(rows_of):
    from captures.build import pcap

    (row,) = rows_of(pcap([(1, ethernet(arp(op=1, sender=CLIENT, target=VIP), kind=0x0806))], snaplen=30))
    assert (row["arp_op"], row["decode_stop"]) == (None, "truncated")
