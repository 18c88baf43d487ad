"""Fields as columns for people."""

from __future__ import annotations

import pyarrow as pa
import pytest

from captools.model.errors import UsageError
from captools.views.filter import Tables
from captools.views.filter.chosen import chosen, field_called, tables_of


def test_values_are_text_numbers_and_lists_outermost_first(tables):
    names = [
        "frame.number",
        "ip.src",
        "eth.dst",
        "vxlan.vni",
        "tcp.flags.syn",
        "frame.time_delta",
        "time",
        "src",
        "arp",
    ]
    table = chosen(tables, names, [1, 2])
    assert table.column_names == names
    first, second = table.to_pylist()
    assert first == {
        "frame.number": 2, "ip.src": ["192.168.20.100", "172.20.2.33"],
        "eth.dst": ["02:00:00:00:00:02", "0a:58:07:43:25:b5"], "vxlan.vni": 45966, "tcp.flags.syn": True,
        "frame.time_delta": "0.100000000", "time": "2023-11-14T22:13:20.100000000Z", "src": "172.20.2.33", "arp": None,
    }  # fmt: skip
    assert second["arp"] == [True] and second["ip.src"] is None and second["src"] is None


def test_http_fields_come_with_their_packet_in_the_order_asked(tables):
    table = chosen(tables, ["http.host", "http.response.code"], [8, 4, 0])
    assert table["http.host"].to_pylist() == [None, ["shop.example", "b.example"], None]
    assert table["http.response.code"].to_pylist() == [[404], None, None]
    assert table.schema.field("http.response.code").type == pa.list_(pa.uint64())


def test_no_rows_are_a_table_without_rows(packets):
    assert chosen(Tables(packets=packets), ["ip.src"], []).num_rows == 0


def test_a_name_that_is_neither_wiresharks_nor_ours_tells_the_nearest():
    with pytest.raises(UsageError, match=r"-e: no field `outer_scr`; did you mean outer_src"):
        field_called("outer_scr")
    assert field_called("outer_src").name == "captools.outer_src"


def test_payload_fields_are_lists_and_bytes_are_hexadecimal(tables):
    names = ["tls.handshake.extensions_alpn_str", "tls.handshake.random", "dns.a", "sni", "tls_version"]
    (hello, answer) = chosen(tables, names, [4, 6]).to_pylist()
    assert hello == {
        "tls.handshake.extensions_alpn_str": ["h2", "http/1.1"], "tls.handshake.random": [bytes(range(32)).hex()],
        "dns.a": None, "sni": ["shop.example"], "tls_version": [0x0304],
    }  # fmt: skip
    assert answer["dns.a"] == ["10.1.2.3", "10.1.2.4", "10.1.2.3"] and answer["sni"] is None


def test_the_tables_that_fields_need_are_told():
    assert tables_of(["ip.src", "ttl"]) == set()
    assert tables_of(["dns.a", "qname", "http2.headers.path", "status"]) == {"dns", "http"}
