"""Fields as columns for people."""

from __future__ import annotations

import pyarrow as pa
import pytest

from captools.model.errors import UsageError
from captools.views.filter.chosen import chosen, field_called


def test_values_are_text_numbers_and_lists_outermost_first(packets, http):
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
    table = chosen(packets, http, names, [1, 2])
    assert table.column_names == names
    first, second = table.to_pylist()
    assert first == {
        "frame.number": 2, "ip.src": ["192.168.20.100", "172.20.2.33"],
        "eth.dst": ["02:00:00:00:00:02", "0a:58:07:43:25:b5"], "vxlan.vni": 45966, "tcp.flags.syn": True,
        "frame.time_delta": "0.100000000", "time": "2023-11-14T22:13:20.100000000Z", "src": "172.20.2.33", "arp": None,
    }  # fmt: skip
    assert second["arp"] == [True] and second["ip.src"] is None and second["src"] is None


def test_http_fields_come_with_their_packet_in_the_order_asked(packets, http):
    table = chosen(packets, http, ["http.host", "http.response.code"], [8, 4, 0])
    assert table["http.host"].to_pylist() == [None, ["shop.example", "b.example"], None]
    assert table["http.response.code"].to_pylist() == [[404], None, None]
    assert table.schema.field("http.response.code").type == pa.list_(pa.uint64())


def test_no_rows_are_a_table_without_rows(packets):
    assert chosen(packets, None, ["ip.src"], []).num_rows == 0


def test_a_name_that_is_neither_wiresharks_nor_ours_tells_the_nearest():
    with pytest.raises(UsageError, match=r"-e: no field `outer_scr`; did you mean outer_src"):
        field_called("outer_scr")
    assert field_called("outer_src").name == "captools.outer_src"
