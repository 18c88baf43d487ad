from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from captools.deep.tshark_tree import trees_by_tshark
from captools.model.errors import MalformedCapture


def test_tsharks_exit_code_is_never_lost(frames, capture_file, caplog: pytest.LogCaptureFixture) -> None:
    path = capture_file(1, *(data for linktype, data in frames.values() if linktype == 1))
    for _ in range(5):
        assert trees_by_tshark(path)
    assert "Unknown child process" not in caplog.text


def test_a_failing_tshark_leaves_no_process_and_no_complaint_behind(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(b"no capture at all" * 9)
    with pytest.raises(MalformedCapture):
        trees_by_tshark(path)
    program = (
        "import sys\nfrom captools.deep.tshark_tree import trees_by_tshark\n"
        "try:\n    trees_by_tshark(sys.argv[1])\nexcept Exception as error:\n    print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == ("MalformedCapture", "")
