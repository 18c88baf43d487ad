"""captools packets --follow, over files that grow, are rotated and break off, and over a real tcpdump."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from captures.build import ethernet, ipv4, pcap, pcapng, tcp, udp
from tests.cli.conftest import one_sentence
from tests.small_session import START, handshake

COMMAND = [sys.executable, "-m", "captools.cli", "packets"]
SEND = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9999))"
WAIT_S = 30  # a busy machine starts slowly


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def nothing_left():
    """End what a failing test leaves behind."""
    yield
    while STARTED:
        process = STARTED.pop()
        process.kill()
        process.wait()


class Following:
    """A running `captools packets … --follow`: its lines as they come."""

    def __init__(self, *words: object, stdin: int | None = None) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, words), "--follow"], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        STARTED.append(self.process)
        self._lines: queue.Queue[tuple[float, str]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put((time.time(), line.rstrip("\n")))

    def line(self) -> str:
        return self.timed()[1]

    def timed(self) -> tuple[float, str]:
        return self._lines.get(timeout=WAIT_S)

    def quiet(self) -> bool:
        """Tell whether nothing comes for a while."""
        try:
            self._lines.get(timeout=0.4)
        except queue.Empty:
            return True
        return False

    def stop(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit code and what stderr says."""
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> tuple[int, str]:
        assert self.process.stderr is not None
        said = self.process.stderr.read()
        return self.process.wait(timeout=WAIT_S), said


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "k8s-w1__eth1.pcap"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


FRAMES = [(START + number, frame) for number, (_ts, frame) in enumerate(handshake() * 3)]
PCAP = pcap(FRAMES)
NG = pcapng([(0, ts, frame) for ts, frame in FRAMES], interfaces=((1, "eth1"),))


@pytest.mark.parametrize("data", [PCAP, NG], ids=["pcap", "pcapng"])
def test_rows_come_as_the_file_grows_and_half_a_record_waits(path, data):
    path.write_bytes(b"")
    following = Following(path, "--format", "ndjson")
    half = len(data) - 40
    for at in range(0, half, 100):
        append(path, data[at : min(at + 100, half)])
    rows = [json.loads(following.line()) for _ in range(len(FRAMES) - 1)]
    assert [row["frame"] for row in rows] == list(range(1, len(FRAMES)))
    assert {row["point"] for row in rows} == {"k8s-w1/eth1"} and rows[0]["ts_ns"] == START
    assert following.quiet()
    append(path, data[half:])
    assert json.loads(following.line())["frame"] == len(FRAMES)
    assert following.stop() == (0, "")


def test_the_rows_are_those_of_the_whole_file(captools, process, path):
    path.write_bytes(PCAP)
    for words in (["--format", "ndjson"], ["--format", "csv"], ["-e", "ip.src", "-e", "frame.number", "--format", "ndjson"],
                  ["-Y", "tcp.flags.syn == 1", "--format", "csv"], ["-c", "4", "--format", "csv"]):  # fmt: skip
        wanted = captools("packets", path, *words).out
        done = process("packets", "-", "--follow", *words, stdin=PCAP)
        here = Following(path, *words)
        lines = [here.line() for _ in wanted.splitlines()]
        left = here.end() if "-c" in words else here.stop()  # with -c it ends by itself
        assert left == (0, "") and "\n".join(lines) + "\n" == wanted, words
        renamed = wanted.replace(path.name, "stdin").replace("k8s-w1/eth1", "stdin")
        assert (done.code, done.err, done.out) == (0, "", renamed), words


def test_the_table_has_one_header_and_columns_that_line_up(path):
    path.write_bytes(PCAP[:24])
    following = Following(path)
    append(path, pcap(FRAMES[:2])[24:])
    header, *rows = [following.line() for _ in range(3)]
    assert header.split()[:4] == ["POINT", "FRAME", "TIME", "SRC"]
    assert {row.index("172.20.") for row in rows if "172.20." in row} and all(
        row[header.index("FRAME") :].startswith(str(number)) for number, row in enumerate(rows, 1)
    )
    long = ethernet(ipv4(udp(sport=1, dport=2), src="192.168.100.100", dst="10.0.0.2", proto=17))
    append(path, pcap([(START, long)])[24:])
    assert "192.168.100.100" in following.line()
    assert following.stop() == (0, "")


def test_a_rotated_file_is_followed_into_the_new_one_and_a_shrunk_one_is_read_anew(path):
    path.write_bytes(pcap(FRAMES[:2]))
    following = Following(path, "--format", "csv", "-e", "frame.number")
    assert [following.line() for _ in range(3)] == ["frame.number", "1", "2"]
    path.rename(path.with_suffix(".1"))
    append(path.with_suffix(".1"), pcap(FRAMES[2:3])[24:])  # its writer has not noticed yet
    assert following.line() == "3"
    path.write_bytes(pcap(FRAMES[:1]))
    assert following.line() == "1"
    append(path, pcap(FRAMES[1:2])[24:])
    assert following.line() == "2"
    path.write_bytes(PCAP[:24])
    time.sleep(0.4)
    append(path, pcap(FRAMES[:1])[24:])
    assert following.line() == "1"
    code, said = following.stop()
    assert code == 0 and said.splitlines() == [
        "captools: k8s-w1__eth1.pcap was replaced: the new file is read from its beginning",
        "captools: k8s-w1__eth1.pcap shrank to 24 bytes: it is read anew from its beginning",
    ]


def test_a_pipe_that_ends_in_mid_record_says_so(process):
    done = process("packets", "-", "--follow", "--format", "csv", "-e", "frame.number", stdin=PCAP[:-5])
    assert done.code == 0 and done.out.splitlines()[-1] == str(len(FRAMES) - 1)
    assert f"claims {len(FRAMES[-1][1])} bytes" in one_sentence(done)
    assert f"the {len(FRAMES) - 1} whole records before it are printed" in done.err


def test_damage_ends_it(path):
    path.write_bytes(pcap(FRAMES[:1]) + b"\xff" * 40)
    code, said = Following(path, "--format", "csv", "-e", "frame.number").end()
    assert code == 0 and "more than any frame can have; the 1 whole records before it are printed" in said


def test_what_is_no_capture_is_bad_input(process):
    done = process("packets", "-", "--follow", stdin=b"12:00:00.000001 IP 10.0.0.1 > 10.0.0.2: ICMP\n")
    assert done.code == 3 and "stdin: not a capture file: it is text" in one_sentence(done)
    done = process("packets", "-", "--follow", stdin=b"")
    assert done.code == 3 and "stdin: the file is empty" in one_sentence(done)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--json"], "--format json needs all of them; use --format ndjson, csv or table"),
        (["--format", "parquet"], "--format parquet needs all of them"),
        (["-o", "x"], "-o was given; write > FILE instead"),
        (["--deep", "-Y", "tcp"], "--deep reads whole files"),
        (["-Y", "no such"], "-Y"),
        (["-e", "nosuch.field"], "nosuch.field"),
        (["another.pcap"], "--follow takes one SOURCE, 2 were given"),
    ],
)
def test_what_has_no_end_cannot_be_asked_for_everything(captools, path, words, says):
    path.write_bytes(PCAP)
    done = captools("packets", path, "--follow", *words)
    assert done.code == 2 and done.out == ""
    assert says in one_sentence(done) or says == "-Y"


def test_a_folder_a_packed_file_and_a_file_that_is_not_there_are_one_sentence(captools, tmp_path):
    import gzip

    (tmp_path / "a.gz").write_bytes(gzip.compress(PCAP))
    for name, code, says in (
        (".", 2, "no session.json in this folder, so it is no session"),
        ("a.gz", 2, "packed with gzip"),
        ("b", 3, "no such file"),
    ):
        done = captools("packets", tmp_path / name, "--follow")
        assert done.code == code and says in one_sentence(done)


def test_a_filter_on_a_request_finds_it_in_the_packet_that_holds_it(process):
    def segment(payload: bytes, seq: int) -> bytes:
        return ethernet(ipv4(tcp(payload, sport=4000, dport=80, seq=seq), src="10.0.0.1", dst="10.0.0.2", proto=6))

    data = pcap([(1, segment(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 1)), (2, segment(b"", 99))])
    words = ("-Y", 'http.request.uri == "/a"', "-e", "http.host", "-e", "frame.number", "--format", "csv")
    done = process("packets", "-", "--follow", *words, stdin=data)
    assert done.out.splitlines() == ["http.host,frame.number", "x,1"]


@pytest.mark.lab
@pytest.mark.parametrize("road", ["file", "pipe"])
def test_a_real_tcpdump_is_followed_in_well_under_a_second(tmp_path, road):
    path = tmp_path / "lo.pcap"
    target = str(path) if road == "file" else "-"
    dump = f"ip link set lo up && exec tcpdump -i lo -n -U --immediate-mode -Z root -w {target} udp"
    capture = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", dump], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip
    try:
        assert capture.stdout is not None and capture.stderr is not None
        while b"listening on" not in (line := capture.stderr.readline()):
            assert line, "tcpdump did not start"
        stdin = None if road == "file" else capture.stdout.fileno()
        source = path if road == "file" else "-"
        following = Following(
            source, "-e", "frame.time_epoch", "--format", "csv", "-Y", "udp.dstport == 9999", stdin=stdin
        )
        delays = []
        for _ in range(4):
            subprocess.run(
                ["nsenter", f"--net=/proc/{capture.pid}/ns/net", sys.executable, "-c", SEND],
                check=True, capture_output=True, timeout=20,
            )  # fmt: skip
            if not delays:
                assert following.line() == "frame.time_epoch"
            at, stamp = following.timed()
            delays.append(at - float(stamp))
        assert min(delays[1:]) < 0.7, delays
        if road == "file":
            assert following.stop() == (0, "")
        else:
            capture.send_signal(signal.SIGINT)
            assert following.end() == (0, "")
    finally:
        capture.kill()
        capture.wait()
