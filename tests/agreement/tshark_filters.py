"""Which frames tshark's display filters pass: many filters in one run over a file, through a tap each (Lua)."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.agreement.tshark_columns import PREFERENCES

_TAP = """
local tap{at} = Listener.new("frame", [=====[{text}]=====])
function tap{at}.packet(pinfo) print({at} .. " " .. pinfo.number) end
"""


def frames_by_filter(path: Path, filters: Sequence[str], folder: Path) -> dict[str, set[int]]:
    """Return filter -> the numbers of the frames it passes; a filter that tshark refuses fails the test."""
    script = folder / "taps.lua"
    script.write_text("".join(_TAP.format(at=at, text=text) for at, text in enumerate(filters)), encoding="utf-8")
    argv = ["tshark", "-n", "-q", "-X", f"lua_script:{script}", "-r", str(path), "-d", "udp.port==8472,vxlan"]
    for preference in PREFERENCES:
        argv += ["-o", preference]
    # A damaged file makes tshark exit with an error after showing all whole frames.
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert "taps.lua" not in done.stderr, done.stderr
    found: dict[str, set[int]] = {text: set() for text in filters}
    for line in done.stdout.splitlines():
        at, _, number = line.partition(" ")
        found[filters[int(at)]].add(int(number))
    return found
