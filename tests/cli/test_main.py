"""The front door: exit codes, one-sentence errors, closed pipes, and names that try to drive the terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from captools import __version__
from captools.cli import main as front
from captools.model.errors import CaptureFailed, ToolMissing
from captures import case
from captures.build import ethernet, ipv4, pcap, tcp
from tests.cli.conftest import one_sentence
from tests.small_session import START, handshake, write_session

S1 = case("s1-native-route-black-hole").folder
COMMANDS_ON_SOURCES = ("info", "packets", "requests", "paths", "findings", "encryption")


def many(path: Path) -> Path:
    """More packets than a pipe holds."""
    frame = ethernet(ipv4(tcp(b"x" * 20, sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=6))
    path.write_bytes(pcap((START + at, frame) for at in range(3_000)))
    return path


def test_help_lists_every_command_in_the_order_of_the_work(process):
    done = process("--help")
    assert (done.code, done.err) == (0, "")
    places = [done.out.index(f"\n  {name} ") for name in front.COMMANDS]
    assert places == sorted(places)


def test_the_version_is_the_packages(captools):
    assert captools("--version").out.strip().endswith(__version__)


def test_without_a_command_it_shows_its_help_and_that_is_a_usage_error(captools):
    done = captools()
    assert done.code == 2 and "Start with: captools demo" in done.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nonsense",), "No such command 'nonsense'; see `captools --help`"),
        (("findings",), "Missing argument 'SOURCE...'; see `captools findings --help`"),
        (("findings", "x.pcap", "--fail-on", "bad"), "see `captools findings --help`"),
        (("packets", "x.pcap", "-c", "-1"), "-1 is not in the range x>=0; see `captools packets --help`"),
        (("paths", "x.pcap", "--tunnel-port", "99999"), "99999 is not in the range 1<=x<=65535"),
        (("paths", ""), "an empty SOURCE was given"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_exit_code_2(captools, words, says):
    done = captools(*words)
    assert done.code == 2 and done.stdout == b"" and says in one_sentence(done)


@pytest.mark.parametrize("command", COMMANDS_ON_SOURCES)
def test_a_source_that_is_not_there_is_one_sentence_and_exit_code_3(captools, tmp_path, command):
    done = captools(command, tmp_path / "gone.pcap")
    assert done.code == 3 and done.stdout == b""
    assert f"{tmp_path}/gone.pcap: no such file or folder" in one_sentence(done)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty, it has not even a capture header"),
        (b"GET / HTTP/1.1\r\n", "it is text that begins with 'GET / HTTP/1.1"),
        (b"\x00\x01\x02\x03\x04", "it begins with the bytes 00 01 02 03"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "the pcap file header is cut after 6 of 24 bytes"),
        (b"\x28\xb5\x2f\xfdgarbage", "zstd"),
    ],
    ids=["empty", "text", "binary", "cut-header", "not-zstd"],
)
def test_a_file_that_is_no_capture_is_one_sentence_and_exit_code_3(process, tmp_path, content, says):
    path = tmp_path / "k8s-w1__eth1.pcap"
    path.write_bytes(content)
    done = process("findings", path)
    assert done.code == 3 and done.stdout == b""
    assert str(path) in one_sentence(done) and says in one_sentence(done)


def test_a_truncated_capture_keeps_its_whole_records_and_warns(process, tmp_path):
    path = tmp_path / "k8s-w1__eth1.pcap"
    path.write_bytes(pcap(handshake())[:-5])
    done = process("packets", path, "--format", "csv")
    assert done.code == 0 and len(done.out.splitlines()) == 1 + 2
    warning = one_sentence(done)
    assert f"warning: {path}: record 3 at byte" in warning and "the 2 whole records before it are read" in warning


def test_a_damaged_file_in_a_folder_is_a_warning_and_the_rest_goes_on(captools, tmp_path):
    folder = write_session(tmp_path / "s")
    (folder / "router__eth1.pcap").write_bytes(b"")
    done = captools("info", folder, "--json")
    assert done.code == 0 and '"packets": 3' in done.out
    assert "router__eth1.pcap: the file is empty" in one_sentence(done)


@pytest.mark.parametrize(("kind", "code"), [(CaptureFailed, 4), (ToolMissing, 5)])
def test_each_fault_has_its_own_exit_code(captools, monkeypatch, kind, code):
    def fail(*_: object, **__: object) -> None:
        raise kind("k8s-w1: no answer", hint="is it up?")

    monkeypatch.setattr(front.main, "main", fail)
    done = captools("info", "x")
    assert (done.code, done.err) == (code, "captools: k8s-w1: no answer; is it up?\n")


@pytest.fixture
def broken(monkeypatch, tmp_path):
    """A command line with a bug in it; its log goes to ``tmp_path``."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division\x1b[2J by zero")

    monkeypatch.setattr(front.main, "main", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_bug_of_ours_is_one_sentence_with_its_log_and_exit_code_70(captools, broken):
    done = captools("info", "x")
    assert done.code == 70 and "internal error: ZeroDivisionError: division\\e[2J by zero" in one_sentence(done)
    (log,) = broken.glob("captools-bug-*.log")
    assert str(log) in done.err and "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_with_debug_a_bug_shows_its_traceback(broken, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["captools", "--debug", "info", "x"])
    with pytest.raises(ZeroDivisionError):
        front.run()


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    argv = [sys.executable, "-m", "captools.cli", "packets", str(many(tmp_path / "x.pcap")), "--format", "csv"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        assert running.stdout.readline().startswith(b"time,source,point")
        running.stdout.close()
        assert running.stderr.read() == b""
        # Not 1: that is what --fail-on means.
        assert running.wait(timeout=60) == 0


def test_a_full_disk_is_not_called_a_bug_of_ours(tmp_path):
    argv = [sys.executable, "-m", "captools.cli", "packets", str(many(tmp_path / "x.pcap")), "--format", "csv"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == b"captools: no space is left where the output goes; free some, or write elsewhere with -o\n"


def test_ctrl_c_is_130_and_one_word(tmp_path):
    fifo = tmp_path / "endless.pcap"
    os.mkfifo(fifo)
    argv = [sys.executable, "-m", "captools.cli", "info", str(fifo)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        writer = os.open(fifo, os.O_WRONLY)  # returns when the command has opened it
        os.write(writer, b"\xd4\xc3\xb2\xa1")
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        os.close(writer)
    assert (running.returncode, out, err.strip()) == (130, b"", b"captools: stopped")


@pytest.mark.parametrize("name", [b"\x1b[31mred", b"\xc2\x9b31m", b"\xe2\x80\xaetxt", b"\xff\xfe", b"a\nERROR b"])
def test_a_file_name_cannot_drive_the_terminal(captools, tmp_path, name):
    folder = tmp_path / "d"
    folder.mkdir()
    nasty = os.fsdecode(os.fsencode(folder) + b"/" + name + b"__eth1.pcap")
    Path(nasty).write_bytes(pcap(handshake())[:-5])  # cut, so that a warning names it too
    for command in COMMANDS_ON_SOURCES:
        for form in ("table", "json", "ndjson", "csv"):
            done = captools(command, folder, "--format", form)
            shown = done.out + done.err
            assert done.code == 0, done.err
            assert all(line.isprintable() for line in shown.split("\n")), (command, form)
    assert captools("info", f"{nasty}.gone").code == 3
    one_sentence(captools("info", f"{nasty}.gone"))


def test_the_headers_of_a_request_cannot_drive_the_terminal(captools, tmp_path):
    head = b"GET /a HTTP/1.1\r\nHost: web\x9b2J\r\nX-Request-Id: a\xc2\x9bb\r\nX-Forwarded-For: \x9b31m\r\n\r\n"
    frame = ethernet(ipv4(tcp(head, sport=40000, dport=80, flags=0x18), src="10.0.0.1", dst="10.0.0.2", proto=6))
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([(START, frame)]))
    for form in ("table", "json", "ndjson", "csv"):
        done = captools("requests", path, "--format", form)
        assert "2J" in done.out and all(line.isprintable() for line in done.out.split("\n")), form


def test_a_terminal_without_the_letters_gets_escapes_and_no_traceback(process):
    done = process("paths", S1, PYTHONIOENCODING="koi8-r")
    assert (done.code, done.err) == (0, "") and done.stdout.isascii() and b"\\xb5s" in done.stdout
