"""What text logs tell equals what our decoder reads from the very captures they were printed from.

tcpdump 5.0 by the expected outputs of its own tests, the installed tcpdump and ngrep by running them here with
several sets of options. Each known disagreement is listed with its reason; everything else is a defect of ours.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from captools.store.files import read_file
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.http import http_heads
from captools.wire.index import is_capture, read_records
from captools.wire.text.read import TextLog, read_text_log
from captures import case
from tests.agreement.telling import telling, unpacked
from tests.conftest import SHARED

MAX_BYTES = 120_000
# The place of a row is its log's; where decoding stopped, and what only bytes tell, is not text's to say.
NOT_TOLD = {"source", "point", "frame", "decode_stop", "decode_stop_at"}
REASONS = {
    "brimcap-bad-caplen.pcap": "tcpdump gives up at a length that our decoder keeps a row for",
    "mpls-over-gre.cap": "tcpdump opens MPLS in GRE, our decoder does not",
}
OPTIONS = (
    ("-nn",), ("-nne", "-tttt"), ("-nnev", "-tt"), ("-nnvv", "-S"), ("-nnA",), ("-#", "-nneXX", "-ttttt"),
    ("-nn", "--nano", "-ttt"),
)  # fmt: skip
# Columns that every packet of that kind has in text, whatever the options; more come with -e and -v.
TCP_TELLS = {"src", "dst", "sport", "dport", "proto", "tcp_flags", "window", "payload_len", "ip_version", "ethertype"}
ECHO_TELLS = {"src", "dst", "proto", "icmp_type", "icmp_id", "icmp_seq", "payload_len"}
LINK_TELLS = {"wire_len", "eth_src", "eth_dst"}
HEADER_TELLS = {"ttl", "ip_id", "ip_len", "dont_fragment", "more_fragments", "frag_offset", "dscp", "ecn"}

Rows = list[dict[str, Any]]


@cache
def decoded(path: Path) -> tuple[pa.Table, pa.Table]:
    data, _ = read_file(path)
    records = read_records(data, path.name)
    view = BytesView(data)
    packets = decode(view, records, Naming(source="s", points=("p",) * len(records.interfaces)))
    return packets, http_heads(view, records, packets)


def run(*argv: str, data: bytes = b"") -> str:
    done = subprocess.run(
        argv, input=data, capture_output=True, timeout=60, env={**os.environ, "TZ": "UTC"}, check=False
    )
    return "" if done.returncode else (done.stderr + done.stdout).decode("utf-8", "replace")


def compare(log: TextLog, wanted: Rows) -> list[str]:
    """Return the disagreements: column, frame, what text says, what the bytes say."""
    found = log.packets.to_pylist()
    if len(found) != len(wanted):
        return [f"{len(found)} packets in text, {len(wanted)} in the capture"]
    wrong = []
    for row, truth in zip(found, wanted, strict=True):
        if truth["decode_stop"] == "unknown-linktype":
            continue
        for name in row.keys() - NOT_TOLD:
            told, is_ = row[name], truth[name]
            if told is None or told == is_:
                continue
            if name == "ts_ns" and (not log.dated or told == is_ // 1000 * 1000):
                continue
            if name == "payload_len" and truth["more_fragments"]:
                continue  # text tells the length of the whole datagram
            wrong.append(f"{name} of frame {row['frame']}: {told!r} in text, {is_!r} in the capture")
    return wrong


def captures() -> list[Path]:
    real = SHARED / "captures-real"
    found = [path for path in real.rglob("*") if path.is_file()] if real.is_dir() else []
    found = [path for path in found if is_capture(path.read_bytes()[:4])]
    return sorted(path for path in [*telling(), *found] if path.stat().st_size <= MAX_BYTES)


def expected_outputs() -> list[Path]:
    real = SHARED / "captures-real"
    return sorted(real.rglob("tcpdump-*.out")) if real.is_dir() else []


def printed_from(output: Path) -> Rows:
    """Return the packets an expected output was printed from: its name begins with that of the capture."""
    name = output.stem.replace("-micro", "-nano")
    pcap = max((path for path in output.parent.glob("*.pcap") if name.startswith(path.stem)), key=lambda p: len(p.stem))
    rows = decoded(pcap)[0].to_pylist()
    if "-skip-3" in name:
        count = re.search(r"-c-(\d)", name)
        rows = rows[3 : 3 + int(count[1]) if count else None]
    if name.endswith("geneve-tcp"):
        rows = [row for row in rows if row["proto"] == 6]
    return [row for row in rows if row["vni"] == 0xB] if name.endswith("geneve-vni") else rows


@pytest.mark.parametrize("output", expected_outputs(), ids=lambda path: path.name)
def test_the_outputs_tcpdump_5_expects_of_itself(output: Path) -> None:
    log = read_text_log(output.read_text(errors="replace"), "s", "p")
    if output.name == "tcpdump-loopback.out":
        assert log.kind == ""  # not one line of it is IP or ARP: it could be any log with times
        return
    assert log.kind == "tcpdump" and compare(log, printed_from(output)) == []


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_the_installed_tcpdump_prints_what_we_decode(options: tuple[str, ...]) -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("needs tcpdump")
    told: Counter[str] = Counter()
    for path in captures():
        text = run("tcpdump", *options, "-r", "-", data=read_file(path)[0])
        if path.name in REASONS or not text:  # tcpdump refuses a few damaged files
            continue
        wanted = decoded(path)[0].to_pylist()
        log = read_text_log(text, "s", "p")
        assert compare(log, wanted) == [], path.name
        told.update(name for row in log.packets.to_pylist() for name, value in row.items() if value is not None)
        for row, truth in zip(log.packets.to_pylist(), wanted, strict=True):
            assert missing(row, truth, options) == set(), f"{path.name} frame {row['frame']}"
    assert told["vni"] > 50 and told["outer_src"] > 50 and told["arp_op"] > 20 and told["seq"] > 500


def missing(row: dict[str, Any], truth: dict[str, Any], options: tuple[str, ...]) -> set[str]:
    """Return what text prints of every whole packet of a kind we follow, and this row lacks."""
    if truth["decode_stop"] is not None or row["decode_stop"] is not None or truth["depth"] > 1:
        return set()
    if truth["tunnel"] not in ("none", "vxlan") or truth["more_fragments"]:
        return set()  # other tunnels may carry IP without Ethernet, which text does not always tell apart
    tells: set[str] = set()
    if truth["proto"] == 6:
        tells |= TCP_TELLS
    elif truth["icmp_type"] in (0, 8) and truth["proto"] == 1:
        tells |= ECHO_TELLS
    if "e" in "".join(options) and truth["linktype"] == 1:
        tells |= LINK_TELLS
    if "v" in "".join(options) and truth["ip_version"] == 4:
        tells |= HEADER_TELLS
    return {name for name in tells if row[name] is None and truth[name] is not None}


def talks() -> list[Path]:
    """Return the captures of cases with clear HTTP at every kind of point."""
    names = (
        "no-fault",
        "s2-vxlan-overlay",
        "s8-ingress-dedicated-snat",
        "proxy-requests",
        "masquerade",
        "s14c-l7-denied",
    )
    return [path for name in names for path in case(name).captures]


def test_without_times_every_line_is_still_a_row() -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("needs tcpdump")
    for path in talks():
        wanted = decoded(path)[0].to_pylist()
        log = read_text_log(run("tcpdump", "-nnt", "-r", "-", data=read_file(path)[0]), "s", "p")
        assert log.kind == "tcpdump" and compare(log, wanted) == [], path.name


def test_the_lines_of_dash_a_hold_the_heads_we_find() -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("needs tcpdump")
    count = 0
    for path in talks():
        _, http = decoded(path)
        log = read_text_log(run("tcpdump", "-nnA", "-r", "-", data=read_file(path)[0]), "s", "p")
        readable = http.filter(pc.is_null(http["stream"]))  # HTTP/2 has no lines
        count += same_heads(log.http, readable, path.name)
    assert count > 20


@pytest.mark.parametrize(
    "options", [("-tW", "byline"), ("-qtW", "byline"), ("-t",), ("-tW", "single"), ("-tW", "none")], ids=" ".join
)
def test_the_installed_ngrep_prints_what_we_decode(options: tuple[str, ...], tmp_path: Path) -> None:
    if shutil.which("ngrep") is None:
        pytest.skip("needs ngrep")
    packets = heads = 0
    for path in talks():
        table, http = decoded(path)
        log = read_text_log(run("ngrep", *options, "-I", str(unpacked(path, tmp_path))), "s", "p")
        by_time: dict[int, Rows] = defaultdict(list)
        for row in table.to_pylist():
            if row["tunnel"] == "none":  # ngrep prints what a tunnel holds as its payload
                by_time[row["ts_ns"] // 1000 * 1000].append(row)
        told = [row for row in log.packets.to_pylist() if row["ts_ns"] in by_time]
        for row in told:
            names = [name for name in row.keys() - NOT_TOLD - {"ts_ns"} if row[name] is not None]
            assert any(all(row[name] == truth[name] for name in names) for truth in by_time[row["ts_ns"]]), (
                path.name,
                row,
            )
        packets += len(told)
        if path.name.startswith("k8s-w1__lxc"):
            heads += same_heads(log.http, http, path.name)
    assert packets > 200 and heads > 6


def same_heads(told: pa.Table, wanted: pa.Table, name: str) -> int:
    """Compare HTTP heads but for what only bytes tell, and return how many there are."""
    columns = [
        "kind",
        "method",
        "path",
        "host",
        "version",
        "status",
        "xff",
        "request_id",
        "content_length",
        "headers",
        "complete",
    ]
    assert told.select(columns).to_pylist() == wanted.select(columns).to_pylist(), name
    return len(told)
