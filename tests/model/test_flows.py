"""Flows: how they are written for people and for scripts."""

from __future__ import annotations

import pytest

from captools.model.flows import Flow, proto_name


@pytest.mark.parametrize(
    ("number", "name"),
    [(6, "tcp"), (17, "udp"), (1, "icmp"), (58, "icmpv6"), (132, "sctp"), (253, "253"), (0, "0"), (None, "")],
)
def test_a_protocol_is_called_by_its_name_or_its_number(number: int | None, name: str):
    assert proto_name(number) == name


def test_a_flow_reads_from_its_originator_to_its_responder():
    assert str(Flow("10.0.0.1", "fd00::2", 6, 40000, 80)) == "10.0.0.1:40000 -> [fd00::2]:80 tcp"


def test_a_ping_has_no_ports_but_an_id():
    ping = Flow("10.0.0.1", "10.0.0.2", 1, icmp_id=698)
    assert str(ping) == "10.0.0.1 -> 10.0.0.2 icmp"
    assert ping.to_json() == {
        "src": "10.0.0.1", "dst": "10.0.0.2", "sport": None, "dport": None, "proto": "icmp", "icmp_id": 698,
    }  # fmt: skip


def test_a_connection_has_no_icmp_id_in_json():
    assert Flow("10.0.0.1", "10.0.0.2", 17, 1, 2).to_json() == {
        "src": "10.0.0.1", "dst": "10.0.0.2", "sport": 1, "dport": 2, "proto": "udp",
    }  # fmt: skip


def test_two_pings_of_the_same_pair_are_different_flows():
    assert Flow("a", "b", 1, icmp_id=1) != Flow("a", "b", 1, icmp_id=2)
