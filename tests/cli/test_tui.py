from __future__ import annotations

import subprocess
import sys


def test_without_a_terminal_it_says_what_to_use_instead():
    done = subprocess.run(
        [sys.executable, "-c", "from captools.cli.main import run; run()", "tui", "x.pcap"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "needs a terminal" in done.stderr
    assert "captools report SOURCE -o report.html" in done.stderr
