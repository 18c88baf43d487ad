"""The synthetic capture: valid for tshark, the same for the same seed, and two points that see the same packets."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter

import pytest

from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from captures.generate import FORMATS, generate, main
from captures.traffic.frames import LINKS


def table_of(**asked):
    data = b"".join(generate(**asked))
    records = read_records(data, "made")
    assert records.damage == ""
    return decode(BytesView(data), records, Naming(source="s", points=("n/e",) * len(records.interfaces)))


@pytest.mark.slow
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_tshark_finds_no_malformed_frame_in_20_000_packets(tmp_path, link, form):
    if shutil.which("tshark") is None:
        pytest.skip("needs tshark")
    path = tmp_path / "made"
    main([str(path), "--packets", "20000", "--link", link, "--format", form])
    found = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-d", "udp.port==8472,vxlan", "-d", "udp.port==51871,wg", "-T", "fields",
         "-e", "_ws.malformed", "-e", "ip.checksum.status", "-o", "ip.check_checksum:TRUE", "-e", "frame.protocols"],
        capture_output=True, text=True, timeout=100, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert len(found) == len(read_records(path.read_bytes(), "made"))
    malformed, checksums, protocols = zip(*(line.split("\t") for line in found), strict=True)
    assert set(malformed) == {""}
    assert "0" not in "".join(checksums)
    assert {"http", "tls", "wg", "dns", "vxlan", "geneve", "gre", "icmp", "ipv6"} <= set(":".join(protocols).split(":"))


def test_the_mix_is_what_the_figures_refer_to():
    table = table_of(packets=30_000, seed=3)
    tunnels = Counter(table["tunnel"].to_pylist())
    assert set(tunnels) == {"none", "vxlan", "geneve", "ipip", "gre"} and 0.25 < tunnels["vxlan"] / 30_000 < 0.5
    assert set(table["wg_type"].to_pylist()) == {None, 1, 2, 4}
    assert table["decode_stop"].null_count == len(table)
    assert 0.01 < Counter(table["ip_version"].to_pylist())[6] / 30_000 < 0.06
    assert table["vlan"].null_count < len(table) and table["arp_op"].null_count < len(table)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    made = [b"".join(generate(packets=2_000, seed=seed)) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("form", FORMATS)
def test_blocks_follow_one_another_in_time(form):
    times = table_of(packets=6_000, form=form, block=1_000)["ts_ns"].to_pylist()
    assert len(times) == 6_000 and times == sorted(times)


def test_the_second_point_sees_the_same_packets_decapsulated_translated_and_later():
    a, b = (table_of(packets=8_000, seed=4, vantage=vantage).to_pylist() for vantage in "ab")
    before = {
        (row["seq"], row["ack"], row["tsval"], row["payload_hash"]): row
        for row in a
        if row["proto"] == 6 and row["payload_len"]
    }
    after = [row for row in b if row["proto"] == 6 and row["payload_len"]]
    pairs = [(before[key], row) for row in after
             if (key := (row["seq"], row["ack"], row["tsval"], row["payload_hash"])) in before]  # fmt: skip
    assert len(pairs) > 0.99 * len(after)
    assert all(row["tunnel"] == "none" and row["ttl"] == 63 for row in b)
    assert all(35_000 <= second["ts_ns"] - first["ts_ns"] <= 56_000 for first, second in pairs)
    assert any(first["dport"] == 80 and second["dport"] == 8080 for first, second in pairs)
    assert 0.003 < 1 - len(after) / len(before) < 0.03
