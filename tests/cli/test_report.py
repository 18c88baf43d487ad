from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner

from captools.cli.main import main
from captools.cli.report import kind_of
from captools.model.errors import UsageError


def _pcap(path: Path) -> Path:
    """One TCP SYN from 10.0.0.1:1234 to 10.0.0.2:80 in a pcap file (libpcap's savefile format)."""
    tcp = struct.pack("!HHIIBBHHH", 1234, 80, 1, 0, 5 << 4, 2, 65535, 0, 0)
    ip = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    )
    frame = bytes(12) + b"\x08\x00" + ip + tcp
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    path.write_bytes(head + struct.pack("<IIII", 1_755_653_721, 286_843, len(frame), len(frame)) + frame)
    return path


def test_one_run_writes_every_kind_that_was_asked_for(tmp_path: Path):
    source = _pcap(tmp_path / "k8s-w1__eth1.pcap")
    outputs = [tmp_path / name for name in ("r.html", "r.md", "r.json")]
    words = [word for output in outputs for word in ("-o", str(output))]
    result = CliRunner().invoke(main, ["report", str(source), *words], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert all(f"wrote {output}" in result.stderr for output in outputs)
    assert "10.0.0.1:1234" in outputs[0].read_text()
    assert "`k8s-w1/eth1`" in outputs[1].read_text()
    flow = json.loads(outputs[2].read_text())["paths"][0]["flow"]
    assert (flow["src"], flow["dport"]) == ("10.0.0.1", 80)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k8s-w1__eth1.pcap", "r.html", "r.json", "r.md"]


@pytest.mark.parametrize(
    ("name", "kind"), [("a.html", "html"), ("a.b.HTM", "html"), ("x/y.md", "md"), ("a.json", "json")]
)
def test_the_suffix_says_what_is_written(name: str, kind: str):
    assert kind_of(name) == kind


@pytest.mark.parametrize(("name", "found"), [("report.pdf", "the suffix '.pdf'"), ("report", "no suffix")])
def test_any_other_suffix_is_one_sentence_and_exit_code_2(name: str, found: str):
    with pytest.raises(UsageError) as caught:
        kind_of(name)
    assert str(caught.value) == f"{name}: {found} names no kind of report; write FILE.html, FILE.md or FILE.json"
    assert caught.value.exit_code == 2


def test_a_missing_folder_is_said_before_anything_is_read(tmp_path: Path):
    target = tmp_path / "nowhere" / "r.html"
    result = CliRunner().invoke(main, ["report", "no-such-source.pcap", "-o", str(target)])
    assert isinstance(result.exception, UsageError)
    assert str(tmp_path / "nowhere") in str(result.exception)


def test_an_output_is_needed(tmp_path: Path):
    result = CliRunner().invoke(main, ["report", "x.pcap"])
    assert result.exit_code == 2
