"""tshark's display filter as a second opinion: which frames pass, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from captools.deep.display_filter import check_filter, frames_by_tshark
from captools.model.errors import MalformedCapture, ToolMissing, UsageError
from captools.pipeline import open_session
from captools.store.files import read_file
from captools.views.filter import Tables, compile_filter
from captures import case


def capture() -> Path:
    return case("s2-vxlan-overlay").capture("router/eth1")


def test_the_frames_are_those_that_our_own_filter_passes() -> None:
    packets = open_session([capture()]).analysis.packets
    ours = packets.filter(compile_filter("vxlan.vni == 45966").mask(Tables(packets=packets)))["frame"].to_pylist()
    assert ours and frames_by_tshark(capture(), "vxlan.vni == 45966") == ours


def test_fields_that_the_table_does_not_hold_are_tsharks_business() -> None:
    assert frames_by_tshark(capture(), "tcp.stream == 0")


def test_vxlan_is_found_on_a_port_that_is_named() -> None:
    assert frames_by_tshark(capture(), "vxlan", vxlan_ports=(4790,)) == []


def test_a_filter_that_tshark_refuses_is_a_usage_error_with_its_reason() -> None:
    with pytest.raises(UsageError, match="no.such is neither a field nor a protocol name"):
        frames_by_tshark(capture(), "no.such")
    with pytest.raises(UsageError):
        check_filter("tcp\0")


def test_a_file_that_is_no_capture_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.pcap").write_text("not a capture at all, and long enough", encoding="utf-8")
    with pytest.raises(MalformedCapture, match=r"x\.pcap: tshark cannot read it"):
        frames_by_tshark(tmp_path / "x.pcap", "tcp")


def test_a_file_cut_in_mid_record_gives_its_whole_frames(tmp_path: Path) -> None:
    whole, _damage = read_file(capture())
    (tmp_path / "cut.pcap").write_bytes(whole[: len(whole) // 2])
    frames = frames_by_tshark(tmp_path / "cut.pcap", "frame")
    assert frames == list(range(1, len(frames) + 1)) and 10 < len(frames) < 110


def test_without_tshark_the_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="tshark is not installed"):
        check_filter("tcp")
