"""Files made to do harm, through the whole road: every command ends with a documented code and harmless words."""

from __future__ import annotations

import gzip
import json
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from captools.model.errors import ExitCode
from captures import build
from tests.cli.conftest import Done
from tests.fuzz.frames import blocks, pcapngs, pcaps, stamped, stock
from tests.scale import times
from tests.small_session import ROUTER, START, W1, handshake, segment, write_session

NASTY = "\x1b[31m<script>alert(1)</script>[bold red]x[/]\u202e\x9b2J|`../../etc/passwd"
HUGE = 0xFFFFFFFF
COMMANDS = {
    "info": (), "packets": (), "findings": (), "requests": (), "paths": (), "report": (), "encryption": (),
    "sql": ("SELECT * FROM packets",),
}  # fmt: skip
FORMS = ("table", "json", "ndjson", "csv")


@dataclass(frozen=True, slots=True)
class Run:
    """One command over one source, and what it may end with."""

    captools: object
    report: Path

    def __call__(self, command: str, source: Path, *options: object) -> Done:
        if command == "report" and not options:
            options = ("-o", self.report)
        done: Done = self.captools(command, source, *COMMANDS[command], *options)  # type: ignore[operator]
        assert done.code in (ExitCode.FINE, ExitCode.BAD_INPUT), f"{command}: {done.code} {done.err}"
        assert all(letter.isprintable() or letter == "\n" for letter in done.out), f"{command}: {done.out!r}"
        lines = done.err.splitlines()
        assert all(line.startswith("captools: ") and line.isprintable() for line in lines), done.err
        if done.code == ExitCode.BAD_INPUT:
            assert len(lines) == 1 and not done.out, done.err
            assert "; " in lines[0], f"no hint what to try: {lines[0]}"
        return done


@pytest.fixture
def run(captools, tmp_path_factory) -> Run:
    return Run(captools, tmp_path_factory.mktemp("report") / "report.html")


def record(claims: int, wire_len: int, frame: bytes = b"") -> bytes:
    return struct.pack("<IIII", 1, 2, claims, wire_len) + frame


def block(kind: int, body: bytes, claims: int | None = None) -> bytes:
    body += b"\0" * (-len(body) % 4)
    size = struct.pack("<I", len(body) + 12 if claims is None else claims)
    return struct.pack("<I", kind) + size + body + size


def hostile_files() -> dict[str, tuple[bytes, int]]:
    """Return files by what is wrong with them, and how many packets each holds for certain (-1: it is refused)."""
    frame = segment(2)
    pcap, png = build.pcap([(START, frame)]), build.pcapng([(0, START, frame)])
    section = png[:28]
    option = struct.pack("<HHI", 1, 0, 0) + struct.pack("<HH", 2, 0xFFFF) + b"eth0"
    clock = struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHBxxxHHqHH", 9, 1, 0xFF, 14, 8, -(1 << 63), 0, 0)
    packet = struct.pack("<IIIII", 0, HUGE, HUGE, len(frame), len(frame)) + frame
    return {
        "a record of 4 GiB": (pcap + record(HUGE, HUGE), 1),
        "a record of 2 GiB": (pcap + record(1 << 31, 60, frame), 1),
        "a record as large as allowed, cut": (pcap + record(262_144, 262_144, frame), 1),
        "a record that was 4 GiB on the wire": (pcap + record(len(frame), HUGE, frame), 2),
        "a record that was longer than on the wire": (pcap + record(len(frame), 0, frame), 2),
        "a fraction of 4 seconds in nanoseconds": (pcap + struct.pack("<IIII", HUGE, HUGE, 0, 0), 2),
        "snap length 4 GiB": (pcap[:16] + struct.pack("<I", HUGE) + pcap[20:] + record(HUGE, HUGE), 1),
        "a link type nobody knows": (pcap[:20] + struct.pack("<I", HUGE) + pcap[24:], 1),
        "no packet": (build.pcap([]), 0),
        "a header alone, cut": (pcap[:20], -1),
        "another version": (pcap[:4] + b"\xff\xff" + pcap[6:], -1),
        "nothing": (b"", -1),
        "four bytes": (pcap[:4], -1),
        "zeros": (bytes(10_000), -1),
        "a block of 4 GiB": (png + block(6, packet, HUGE), 1),
        "a block of no bytes": (png + block(6, packet, 0), 1),
        "a block with a crooked length": (png + block(6, packet, 33), 1),
        "a packet larger than its block": (png + block(6, struct.pack("<IIIII", 0, 0, 0, HUGE, 60) + frame), 1),
        "a packet of interface 4 billion": (png + block(6, struct.pack("<IIIII", HUGE, 0, 0, 0, 0)), 1),
        "a packet before any interface": (section + block(6, packet), 0),
        "an option that overruns its block": (section + block(1, option) + block(6, packet), 1),
        "a clock of 2^-127 s that begins at the beginning of time": (section + block(1, clock) + block(6, packet), 1),
        "many interfaces": (section + block(1, struct.pack("<HHI", 1, 0, 0)) * 1_000 + block(6, packet), 1),
        "rare blocks, both orders": (png + blocks("<") + build.pcapng([(0, START, frame)], order=">") + blocks(">"), 6),
        "a section header alone": (section, 0),
        "a section header, cut": (section[:11], -1),
        "gzip, cut": (gzip.compress(pcap, mtime=0)[:-5], 1),
        "gzip with something else behind it": (gzip.compress(pcap, mtime=0) + b"else", 1),
        "gzip of gzip": (gzip.compress(gzip.compress(pcap, mtime=0), mtime=0), -1),
        "a gzip header alone": (gzip.compress(pcap, mtime=0)[:10], -1),
        "a simple packet of 4 GiB": (png + block(3, struct.pack("<I", HUGE) + frame), 2),
    }  # fmt: skip


FILES = hostile_files()


@pytest.mark.slow
@pytest.mark.parametrize("wrong", FILES)
def test_lengths_that_lie_end_in_rows_or_in_one_sentence(run, tmp_path, wrong):
    data, packets = FILES[wrong]
    path = tmp_path / "x.pcap"
    path.write_bytes(data)
    done = run("packets", path, "--json")
    assert done.code == (ExitCode.BAD_INPUT if packets < 0 else ExitCode.FINE), done.err
    if packets >= 0:
        assert len(json.loads(done.out)["packets"]) == packets
    for command in COMMANDS:
        run(command, path)


def talk(payloads: Iterator[bytes] | list[bytes]) -> list[tuple[int, bytes]]:
    """A connection whose client sends these payloads."""
    frames, seq = handshake(), 11
    for at, payload in enumerate(payloads):
        frames.append((START + 3_000_000 + at, segment(0x18, seq=seq, payload=payload)))
        seq += len(payload)
    return frames


@pytest.fixture(scope="module")
def nasty(tmp_path_factory) -> Path:
    """A session whose every name and payload wants to drive a terminal, a page, a table or a path."""
    folder = write_session(tmp_path_factory.mktemp("s") / "nasty", warnings=[NASTY], id=NASTY, command=[NASTY])
    raw = NASTY.encode()
    heads = [
        b"\r\n".join((b"GET /" + raw + b" HTTP/1.1", b"Host: " + raw, b"X-Forwarded-For: " + raw, raw + b": " + raw, b"", b"")),
        b"GET /\x1b]0;x\x07 HTTP/1.1\r\nHost: a\r\nX-Request-Id: \x1b[2J\x9b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: <img src=x onerror=alert(1)>\r\n\r\n", b"\x1b[?1049h" * 50,
    ]  # fmt: skip
    answer = (START + 9_000_000, segment(0x18, back=True, seq=71, payload=b"HTTP/1.1 200 \x1b[2J\r\n\r\n" + raw))
    (folder / ROUTER).write_bytes(build.pcap([*talk(heads), answer]))
    (folder / W1).write_bytes(build.pcapng([(0, *one) for one in talk(heads)], interfaces=((1, NASTY),)))
    (folder / "\x1b[31m<b>&`|.pcap").write_bytes(build.pcap(handshake()))
    (folder / "..%2f..%2fetc%2fpasswd.pcap").write_bytes(build.pcapng(
        [(0, *one) for one in handshake()], interfaces=((1, "../../../etc/passwd\0x"),)
    ))  # fmt: skip
    pods = {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": NASTY, "namespace": NASTY, "labels": {NASTY: NASTY}},
         "spec": {"nodeName": NASTY}, "status": {"podIP": "192.168.10.200", "podIPs": [{"ip": "192.168.10.200"}]}}]}  # fmt: skip
    (folder / "inventory" / "pods.json").write_text(json.dumps(pods))
    manifest = json.loads((folder / "session.json").read_text())
    manifest["points"].append({**manifest["points"][0], "point": f"{NASTY}/{NASTY}", "node": NASTY, "interface": NASTY,
                               "file": "../../../etc/hostname", "error": NASTY, "filter": NASTY})  # fmt: skip
    (folder / "session.json").write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "report"])
def test_names_and_payloads_drive_no_terminal(run, nasty, command, form):
    done = run(command, nasty, "--format", form)
    assert done.code == ExitCode.FINE
    if form == "json":
        json.loads(done.out)


def test_what_would_drive_a_terminal_is_shown_as_letters(run, nasty):
    assert "\\e[31m<b>&`|" in run("info", nasty).out and "\\e[31m<script>" in run("paths", nasty).err
    assert "<img src=x onerror=alert(1)>" in run("requests", nasty).out


def test_a_session_reads_no_file_outside_of_its_folder(run, nasty):
    (claimed,) = [one for one in json.loads(run("info", nasty, "--json").out)["points"] if "hostname" in one["file"]]
    assert (claimed["packets"], claimed["bytes"], claimed["sha256"], claimed["ok"]) == (0, 0, "", False)


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_a_report_of_it_holds_no_markup_but_our_own(run, nasty, tmp_path, form):
    target = tmp_path / f"report.{form}"
    assert run("report", nasty, "-o", target).code == ExitCode.FINE
    text = target.read_text("utf-8")
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    if form == "html":
        assert "<script>alert" not in text and "<img src=x" not in text and "<b>&" not in text
    assert "alert(1)" in text  # it is told, as letters


@pytest.mark.slow
@given(st.integers(0, 1 << 32), st.sampled_from(list(COMMANDS)), st.sampled_from(FORMS))
@settings(
    max_examples=times(80, deep=2_000), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_damaged_captures_through_every_command(run, tmp_path, seed, command, form):
    path = tmp_path / "damaged.pcap"
    path.write_bytes(damaged(random.Random(seed)))
    run(command, path, *(() if command == "report" else ("--format", form)))


BASES = [*pcaps(), *pcapngs(), build.pcap(talk([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])), build.pcap(stamped(stock()))]


def damaged(rng: random.Random) -> bytes:
    """Return a capture that was cut, joined to another, or changed in a few bytes or words."""
    data = bytearray(rng.choice(BASES))
    for _ in range(rng.randint(1, 6)):
        way, at = rng.randrange(5), rng.randrange(len(data) + 1)
        if way == 0:
            del data[at:]
        elif way == 1:
            data[at : at + 4] = struct.pack(
                rng.choice("<>") + "I", rng.choice((0, 1, HUGE, 1 << 31, 0x7FFFFFFF, 262_145))
            )
        elif way == 2:
            data[at : at + 1] = bytes((rng.getrandbits(8),))
        elif way == 3:
            del data[at : at + rng.randint(1, 40)]
        else:
            data += rng.choice(BASES)[rng.choice((0, 24)) :]
        if not data:
            break
    return bytes(data)
