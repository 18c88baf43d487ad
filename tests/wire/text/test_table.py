"""Rows become tables of the schemas; what no column can hold is null."""

from __future__ import annotations

from captools.model.packets import HTTP, PACKETS, Tunnel
from captools.wire.text.table import address, http_table, mac, new_row, open_tunnel, packet_table


def test_rows_are_numbered_in_the_order_of_the_log():
    table = packet_table([new_row(), new_row()], "log.txt")
    assert table.schema == PACKETS
    assert table.select(["source", "frame", "tunnel", "depth", "src"]).to_pylist() == [
        {"source": "log.txt", "frame": frame, "tunnel": "none", "depth": 0, "src": None} for frame in (1, 2)
    ]


def test_a_number_its_column_cannot_hold_is_null():
    row = {
        **new_row(),
        "sport": 65_536,
        "ttl": 256,
        "seq": 1 << 32,
        "sack": [1, 1 << 32],
        "ts_ns": 1 << 70,
        "dport": 80,
    }
    (found,) = packet_table([row], "x").to_pylist()
    assert found["dport"] == 80
    assert [found[name] for name in ("sport", "ttl", "seq", "sack", "ts_ns")] == [None] * 5


def test_a_tunnel_moves_what_was_read_outside_and_only_the_first_does():
    row = {
        **new_row(),
        "src": address("192.168.10.100"),
        "sport": 46_993,
        "eth_src": mac("02:00:00:00:00:01"),
        "ttl": 63,
    }
    open_tunnel(row, Tunnel.VXLAN, 45_966)
    assert (row["outer_src"], row["outer_sport"], row["outer_ttl"]) == (address("192.168.10.100"), 46_993, 63)
    assert row["outer_eth_src"] == mac("02:00:00:00:00:01") and (row["tunnel"], row["vni"]) == ("vxlan", 45_966)
    assert not {"src", "sport", "eth_src", "ttl"} & row.keys()
    row["src"] = address("10.0.0.1")
    open_tunnel(row, Tunnel.GRE, 7)
    assert (row["outer_src"], row["vni"], row["depth"]) == (address("192.168.10.100"), 45_966, 2)


def test_ip_in_ip_keeps_the_frames_own_ethernet_addresses():
    row = {**new_row(), "eth_src": b"123456", "ethertype": 0x0800}
    open_tunnel(row, Tunnel.IPIP, None)
    assert (row["eth_src"], row["outer_eth_src"], row["ethertype"]) == (b"123456", b"123456", 0x0800)


def test_heads_name_the_packet_they_stand_in():
    rows = [{**new_row(), "point": "a/b"}, {**new_row(), "point": "c/d"}]
    table = http_table([{"row": 1, "kind": "request", "xff": []}], rows, "log.txt")
    assert table.schema == HTTP
    (head,) = table.to_pylist()
    assert (head["source"], head["point"], head["frame"], head["row"]) == ("log.txt", "c/d", 2, 1)


def test_names_are_no_addresses():
    assert address("curl-pod") is None and address("fe80::1") is not None and mac("Broadcast") == b"\xff" * 6
