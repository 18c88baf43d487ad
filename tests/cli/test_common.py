"""What all commands over SOURCE… share: every way to name one, every format, and -o."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from captools import pipeline
from captools.cli.common import emit
from captools.views.schemas import NAMES, schema
from captures import case
from captures.build import EN10MB, pcap, pcapng
from tests.cli.conftest import one_sentence
from tests.small_session import handshake, write_session
from tests.wire.points import capture

S2 = case("s2-vxlan-overlay").folder
S8 = case("s8-ingress-dedicated-snat").folder
PCAP = pcap(handshake())
ITEMS = {
    "findings": "findings", "paths": "paths", "requests": "requests", "encryption": "pairs", "info": "points",
    "routes": "routes",
}  # fmt: skip
WORDS = {"routes": ("requests", "--by-route")}  # what prints a document that has no command of its own


def test_all_ways_to_name_a_source_give_the_same_packets(captools, tmp_path):
    (tmp_path / "plain.pcap").write_bytes(PCAP)
    (tmp_path / "packed.pcap.gz").write_bytes(gzip.compress(PCAP))
    (tmp_path / "packed.pcap.zst").write_bytes(pa.Codec("zstd").compress(PCAP, asbytes=True))
    (tmp_path / "x.pcapng").write_bytes(pcapng([(0, ts, frame) for ts, frame in handshake()]))
    sources = [f"r/eth0={tmp_path / name}" for name in ("plain.pcap", "packed.pcap.gz", "packed.pcap.zst", "x.pcapng")]
    answers = [captools("packets", source, "--json") for source in sources]
    answers.append(captools("packets", "r/eth0=-", "--json", stdin=PCAP))
    answers.append(captools("packets", "r/eth0=-", "--json", stdin=gzip.compress(PCAP)))
    assert {(done.code, done.err) for done in answers} == {(0, "")}
    rows = [json.loads(done.out)["packets"] for done in answers]
    for row in (row for one in rows for row in one):
        assert row.pop("source")
    assert len(rows[0]) == 3 and all(one == rows[0] for one in rows) and rows[0][0]["point"] == "r/eth0"


def test_stdin_of_a_real_pipe_is_read_to_its_end(process):
    done = process("info", "router/eth1=-", "--json", stdin=PCAP)
    (point,) = json.loads(done.out)["points"]
    assert (done.code, point["point"], point["packets"]) == (0, "router/eth1", 3)


def test_a_process_substitution_is_read_like_a_file(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, PCAP)
    os.close(writing)
    argv = [sys.executable, "-m", "captools.cli", "info", f"w/e=/dev/fd/{reading}", "--json"]
    done = subprocess.run(argv, pass_fds=(reading,), capture_output=True, timeout=60, check=True)
    os.close(reading)
    assert json.loads(done.stdout)["points"][0]["packets"] == 3


def test_the_interface_name_in_a_pcapng_file_names_the_point_also_from_stdin(captools):
    data = pcapng(((0, ts, frame) for ts, frame in handshake()), interfaces=((EN10MB, "ens5"),))
    assert json.loads(captools("info", "-", "--json", stdin=data).out)["points"][0]["point"] == "ens5"


def test_a_session_without_its_manifest_works_and_says_what_is_unknown(captools, tmp_path):
    folder = write_session(tmp_path / "s")
    (folder / "session.json").unlink()
    done = captools("info", folder, "--json")
    assert [one["tool_counts"]["dropped"] for one in json.loads(done.out)["points"]] == [None, None]
    assert "no session.json in this session folder" in one_sentence(done)


@pytest.mark.parametrize("damage", ["{", '{"schema": 1, "id": 5}', '{"schema": 9}', '{"schema": 1, "points": [{}]}'])
def test_a_damaged_session_json_loses_no_packet(captools, tmp_path, damage):
    folder = write_session(tmp_path / "s")
    (folder / "session.json").write_text(damage)
    done = captools("info", folder, "--json")
    assert done.code == 0 and [one["packets"] for one in json.loads(done.out)["points"]] == [3, 3]
    assert f"{folder}/session.json: " in one_sentence(done)


def test_a_single_file_of_a_session_keeps_what_the_session_knows_of_it(captools):
    whole = json.loads(captools("info", S8, "--json").out)
    wanted = next(one for one in whole["points"] if one["point"] == "k8s-w1/eth1")
    one = case(S8.name).capture("k8s-w1/eth1")
    (alone,) = json.loads(captools("info", one, "--json").out)["points"]
    assert alone["tool_counts"] == wanted["tool_counts"] and alone["tool_counts"]["captured"] == alone["packets"]
    # The inventory beside it gives pods their names.
    assert "default/webpod-" in captools("paths", one, "--brief").out + captools("paths", one).out


def test_inventory_can_be_named_for_captures_that_lie_elsewhere(captools, tmp_path):
    one = case(S8.name).capture("k8s-w1/eth1")
    (tmp_path / one.name).write_bytes(one.read_bytes())
    assert "default/webpod-" not in captools("paths", tmp_path).out
    assert "default/webpod-" in captools("paths", tmp_path, "--inventory", S8 / "inventory").out


def test_a_further_vxlan_port_is_opened_only_when_asked_for(captools, tmp_path):
    from captures.build import ethernet, ipv4, udp, vxlan

    outer = udp(vxlan(handshake()[0][1], vni=7), sport=5000, dport=6081 + 1)
    frame = ethernet(ipv4(outer, src="192.0.2.1", dst="192.0.2.2", proto=17))
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([(1, frame)]))
    vnis = [
        json.loads(captools("packets", path, "--json", *more).out)["packets"][0]["vni"]
        for more in ((), ("--tunnel-port", "6082"))
    ]
    assert vnis == [None, 7]


@pytest.mark.parametrize("name", NAMES)
def test_json_fits_its_schema_and_ndjson_csv_and_parquet_hold_the_same_items(captools, tmp_path, name):
    command = (*WORDS.get(name, (name,)), S2)
    document = json.loads(captools(*command, "--json").out)
    Draft202012Validator(schema(name)).validate(document)
    assert document == json.loads(captools(*command, "--format", "json").out)
    items = document[ITEMS[name]]
    lines = captools(*command, "--format", "ndjson").out.splitlines()
    assert [json.loads(line) for line in lines] == items
    rows = list(csv.DictReader(io.StringIO(captools(*command, "--format", "csv").out)))
    table = pq.read_table(io.BytesIO(captools(*command, "--format", "parquet").stdout))
    assert len(rows) == table.num_rows == len(items)
    if items:
        assert list(rows[0]) == table.column_names == list(items[0])
        column = next(key for key, value in items[0].items() if isinstance(value, list | dict))
        assert [json.loads(row[column]) for row in rows] == [item[column] for item in items]
        assert [json.loads(text) for text in table[column].to_pylist()] == [item[column] for item in items]


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv", "parquet"])
@pytest.mark.parametrize("command", ["findings", "packets"])
def test_o_writes_what_stdout_would_have_got(captools, tmp_path, command, form):
    target = tmp_path / "out"
    printed = captools(command, S2, "--format", form)
    written = captools(command, S2, "--format", form, "-o", target)
    assert (written.code, written.stdout, written.err) == (0, b"", "")
    assert target.read_bytes() == printed.stdout and os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("form", ["table", "parquet"])
@pytest.mark.parametrize("command", ["findings", "packets"])
def test_an_output_that_cannot_be_written_is_one_sentence(captools, tmp_path, command, form):
    done = captools(command, S2, "--format", form, "-o", tmp_path / "gone" / "out")
    assert done.code == 2 and f"{tmp_path}/gone/out: cannot be written" in one_sentence(done)


@pytest.mark.parametrize("form", ["table", "parquet"])
def test_a_link_to_stdout_is_written_to_and_stays_a_link(process, tmp_path, form):
    # As /dev/stdout is; not that one itself, for a fault here would break the machine.
    link = tmp_path / "stdout"
    link.symlink_to("/proc/self/fd/1")
    done = process("findings", S2, "--format", form, "-o", link)
    assert done.code == 0 and len(done.stdout) > 100 and link.is_symlink()


def test_no_item_gives_no_line_and_an_empty_file(capsys, tmp_path):
    for form in ("ndjson", "csv"):
        emit(form, {"schema": 1}, [], lambda: "for people")
        emit(form, {"schema": 1}, [], lambda: "for people", str(tmp_path / form))
        assert Path(tmp_path / form).read_bytes() == b""
    assert capsys.readouterr().out == ""


def test_csv_cells_hold_text_with_commas_quotes_and_no_control_characters(capsys):
    emit("csv", {}, [{"a": 'x,"y"', "b": "1\x1b[2J\n2", "c": None, "d": {"k": ["\x9b"]}}, {"a": 1, "e": True}], str)
    first, second = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert first == {"a": 'x,"y"', "b": "1\\e[2J\\n2", "c": "", "d": '{"k": ["\\u009b"]}', "e": ""}
    assert (second["a"], second["e"]) == ("1", "True")


@pytest.mark.slow
def test_of_a_session_too_large_for_memory_stderr_says_which_part_is_followed(
    captools, tmp_path, monkeypatch, own_cache
):
    monkeypatch.setattr(pipeline, "DETAILED", 1_500)
    for vantage in "ab":
        (tmp_path / f"{vantage}.pcap").write_bytes(capture(vantage, 3_000))
    done = captools("paths", tmp_path / "a.pcap", tmp_path / "b.pcap", "--json")
    assert done.code == 0 and json.loads(done.out)["paths"]
    (told,) = (line for line in done.err.splitlines() if line.startswith("captools: warning: "))
    assert "conversations are followed packet by packet" in told
