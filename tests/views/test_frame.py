"""The packet table as people and programs outside read it."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from captools.model.packets import PACKETS
from captools.views.frame import readable, spoken, to_pandas


@pytest.fixture(scope="module")
def packets(sample) -> pa.Table:
    rows = sample.vxlan_rows()
    rows[0] |= {"eth_src": bytes([2, 0, 0, 0, 0, 1]), "ts_ns": 1_700_000_000_000_000_001}
    return sample.table(rows)


def test_addresses_and_macs_are_text_and_null_stays_null(packets):
    row = readable(packets).slice(0, 1).to_pylist()[0]
    assert (row["src"], row["dst"], row["eth_src"]) == ("172.20.0.88", "172.20.2.33", "02:00:00:00:00:01")
    assert (row["outer_src"], row["eth_dst"], row["vni"]) == (None, None, None)
    outer = readable(packets).slice(2, 1).to_pylist()[0]
    assert (outer["outer_src"], outer["outer_dst"], outer["vni"]) == ("192.168.10.100", "192.168.20.100", 45966)


def test_no_column_is_lost_or_renamed(packets):
    assert readable(packets).column_names == PACKETS.names
    assert list(to_pandas(packets).columns) == ["time", *PACKETS.names]


def test_a_table_in_several_pieces_reads_like_one(packets):
    pieces = pa.concat_tables([packets.slice(0, 3), PACKETS.empty_table(), packets.slice(3)])
    assert readable(pieces).to_pylist() == readable(packets).to_pylist()


def test_pandas_time_keeps_the_nanosecond_and_the_zone(packets):
    frame = to_pandas(packets)
    assert frame["time"][0] == pd.Timestamp("2023-11-14T22:13:20.000000001Z")
    assert int(frame["ts_ns"][0]) == 1_700_000_000_000_000_001


def test_columns_can_be_grouped_and_compared(packets):
    frame = to_pandas(packets)
    counts = frame.groupby(["src", "dst"]).size()
    assert counts.sum() == packets["src"].drop_null().length() and counts.index[0][0] == min(
        one for one in readable(packets)["src"].to_pylist() if one
    )
    assert (frame["ttl"] > 60).sum() == sum(ttl > 60 for ttl in packets["ttl"].to_pylist() if ttl is not None)


def test_numbers_stay_whole_beside_missing_ones(sample):
    big = (1 << 64) - 1  # a float would make another number of it
    rows = [{"source": "s", "point": "p", "ts_ns": 1, "vni": 45966, "payload_hash": big, "dont_fragment": True},
            {"source": "s", "point": "p", "ts_ns": 2}]  # fmt: skip
    frame = to_pandas(sample.table(rows))
    assert (frame["vni"][0], frame["payload_hash"][0], frame["dont_fragment"][0]) == (45966, big, True)
    assert frame["vni"].isna().tolist() == [False, True] and str(frame["vni"].dtype) == "uint32[pyarrow]"
    assert frame.to_csv(columns=["vni", "payload_hash"], index=False).splitlines()[1:] == [f"45966,{big}", ","]


def test_rows_for_json_carry_the_time_as_text(packets):
    rows = list(spoken(packets))
    assert len(rows) == len(packets)
    assert rows[0]["time"] == "2023-11-14T22:13:20.000000001Z" and rows[0]["src"] == "172.20.0.88"


@pytest.mark.parametrize("table", [PACKETS.empty_table(), pa.concat_tables([PACKETS.empty_table()] * 2)])
def test_a_table_without_packets_is_a_table_without_rows(table):
    assert len(readable(table)) == 0 and len(to_pandas(table)) == 0 and list(spoken(table)) == []


def test_a_damaged_time_is_missing_and_not_an_error(sample):
    late = sample.table([{"ts_ns": (1 << 63) - 1, "source": "s", "point": "p"}])
    assert len(to_pandas(late)) == 1
