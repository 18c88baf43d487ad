"""captools packets."""

from __future__ import annotations

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from captools.model.packets import PACKETS
from captures.build import ethernet, ipv4, pcap, udp, vxlan
from tests.small_session import START, handshake


@pytest.fixture
def source(tmp_path) -> str:
    """A handshake, and the same SYN inside VXLAN."""
    outer = udp(vxlan(handshake()[0][1], vni=45966), sport=50000, dport=8472)
    frame = ethernet(ipv4(outer, src="192.168.10.100", dst="192.168.20.100", proto=17))
    path = tmp_path / "k8s-w1__eth1.pcap"
    path.write_bytes(pcap([*handshake(), (START + 9_000_000, frame)]))
    return str(path)


def test_the_table_shows_inner_and_outer_headers_beside_each_other(captools, source):
    header, *rows = captools("packets", source).out.splitlines()
    assert header.split()[:4] == ["POINT", "FRAME", "TIME", "SRC"] and len(rows) == 4
    plain, sealed = rows[0].split(), rows[3].split()
    assert plain[:2] == ["k8s-w1/eth1", "1"] and "192.168.10.200" in plain and "none" in plain
    assert {"vxlan", "45966", "192.168.10.100", "192.168.20.100", "192.168.10.200", "172.20.1.108"} <= set(sealed)


def test_json_rows_have_every_column_and_their_time_as_text(captools, source):
    document = json.loads(captools("packets", source, "--json").out)
    assert document["schema"] == 1
    row = document["packets"][3]
    assert list(row) == ["time", *PACKETS.names]
    assert (row["time"], row["ts_ns"]) == ("2023-11-14T22:13:20.009000000Z", START + 9_000_000)
    assert (row["src"], row["outer_src"], row["vni"], row["outer_dport"]) == (
        "192.168.10.200", "192.168.10.100", 45966, 8472,
    )  # fmt: skip


def test_ndjson_is_the_same_rows_one_a_line(captools, source):
    lines = captools("packets", source, "--format", "ndjson").out.splitlines()
    assert [json.loads(line) for line in lines] == json.loads(captools("packets", source, "--json").out)["packets"]


def test_csv_has_text_addresses_and_empty_cells_for_null(captools, source):
    rows = list(csv.DictReader(io.StringIO(captools("packets", source, "--format", "csv").out)))
    assert len(rows) == 4 and (rows[0]["src"], rows[0]["outer_src"], rows[0]["point"]) == (
        "192.168.10.200", "", "k8s-w1/eth1",
    )  # fmt: skip
    assert int(rows[0]["ts_ns"]) == START and rows[0]["time"].startswith("2023-11-14T22:13:20.")


def test_parquet_is_the_whole_table(captools, source, tmp_path):
    assert captools("packets", source, "--format", "parquet", "-o", tmp_path / "p").code == 0
    table = pq.read_table(tmp_path / "p")
    assert table.column_names == ["time", *PACKETS.names] and table["ts_ns"].to_pylist()[0] == START
    assert table["dst"].to_pylist() == ["172.20.1.108", "192.168.10.200", "172.20.1.108", "172.20.1.108"]


@pytest.mark.parametrize(("count", "rows"), [(0, 0), (2, 2), (99, 4)])
def test_count_limits_the_rows_in_every_format(captools, source, count, rows):
    assert len(captools("packets", source, "-c", count).out.splitlines()) == 1 + rows
    assert len(captools("packets", source, "-c", count, "--format", "csv").out.splitlines()) == 1 + rows
    assert len(json.loads(captools("packets", source, "-c", count, "--json").out)["packets"]) == rows
    parquet = captools("packets", source, "-c", count, "--format", "parquet").stdout
    assert pq.read_table(io.BytesIO(parquet)).num_rows == rows


def test_a_capture_without_packets_is_a_header_without_rows(captools, tmp_path):
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([]))
    for form in ("table", "csv"):
        assert len(captools("packets", path, "--format", form).out.splitlines()) == 1
    assert json.loads(captools("packets", path, "--json").out) == {"schema": 1, "packets": []}


def test_a_display_filter_leaves_the_rows_that_pass(captools, source):
    shown = captools("packets", source, "-Y", "vxlan.vni == 45966 || tcp.flags.ack == 1", "--format", "ndjson").out
    assert [json.loads(line)["frame"] for line in shown.splitlines()] == [2, 3, 4]
    assert len(captools("packets", source, "-Y", "arp").out.splitlines()) == 1
    limited = captools("packets", source, "--filter", "tcp", "-c", 1, "--format", "csv").out
    assert len(limited.splitlines()) == 2


def test_fields_are_columns_with_every_value_outermost_first(captools, source):
    asked = ("-e", "frame.number", "-e", "ip.src", "-e", "vxlan.vni", "-e", "dport")
    rows = list(csv.reader(io.StringIO(captools("packets", source, *asked, "--format", "csv").out)))
    assert rows[0] == ["frame.number", "ip.src", "vxlan.vni", "dport"]
    assert rows[1] == ["1", "192.168.10.200", "", "80"]
    assert rows[4] == ["4", "192.168.10.100,192.168.10.200", "45966", "80"]
    document = json.loads(captools("packets", source, *asked, "--json", "-Y", "frame.number in {1, 4}").out)
    assert document == {"schema": 1, "packets": [
        {"frame.number": 1, "ip.src": "192.168.10.200", "vxlan.vni": None, "dport": 80},
        {"frame.number": 4, "ip.src": ["192.168.10.100", "192.168.10.200"], "vxlan.vni": 45966, "dport": 80},
    ]}  # fmt: skip


def test_tshark_itself_can_judge(captools, source):
    found = captools("packets", source, "-Y", "tcp.stream == 0 && !vxlan", "--deep", "-e", "frame.number")
    assert found.out.split() == ["FRAME.NUMBER", "1", "2", "3"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-Y", "ip.scr == 1.2.3.4"), "column 1: no field `ip.scr`"),
        (("-Y", "tcp and"), "column 8"),
        (("-Y", "no.such", "--deep"), "no.such is neither a field nor a protocol name"),
        (("--deep",), "add -Y FILTER"),
        (("-e", "ip.scr"), "did you mean ip.src"),
    ],
)
def test_a_wrong_filter_or_field_is_one_sentence_before_anything_is_read(captools, words, told, tmp_path):
    done = captools("packets", tmp_path / "nothing-here.pcap", *words)
    assert (done.code, done.out) == (2, "") and told in done.err and len(done.err.splitlines()) == 1


@pytest.mark.slow
def test_a_large_capture_gives_the_same_rows_as_its_pieces(captools, tmp_path, monkeypatch, own_cache):
    """Pages of a cached capture: filters that look at the packet before, heads, and fields, across page borders."""
    import tests.wire.equality  # noqa: F401 - the kernels are compiled in their usual folder
    from captures.generate import generate

    monkeypatch.setattr("captools.store.load.LARGE", 1)
    path = tmp_path / "n__eth0.pcap"
    path.write_bytes(b"".join(generate(packets=66_000, seed=9)))
    text = "frame.time_delta > 0.00002 || (frame.time_relative > 0.1 && arp)"
    ours = captools("packets", path, "-Y", text, "-e", "frame.number", "--format", "csv").out.split()[1:]
    import pandas as pd

    stamps = pd.Series([int(one.replace('.', '')) for one in
                        captools("packets", path, "-e", "ts_ns", "--format", "csv").out.split()[1:]])  # fmt: skip
    arp = captools("packets", path, "-e", "arp.opcode", "--format", "csv").out.splitlines()[1:]
    wanted = (stamps.diff().fillna(0) > 20_000) | ((stamps - stamps[0] > 100_000_000) & pd.Series(arp).str.isdigit())
    assert [int(one) for one in ours] == [at + 1 for at in wanted[wanted].index]
