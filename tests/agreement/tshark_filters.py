"""Which frames display filters pass, ours and tshark's: many filters in one run of it over a file, a Lua tap each."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from captools.pipeline import open_session
from captools.views.filter import Tables, compile_filter
from tests.agreement.tshark_columns import PREFERENCES

_TAP = """
do
  local tap = Listener.new("frame", [=====[{text}]=====])
  function tap.packet(pinfo) print({at} .. " " .. pinfo.number) end
end
"""


def frames_by_filter(
    path: Path, filters: Sequence[str], folder: Path, more: Sequence[str] = (), preferences: Sequence[str] = PREFERENCES
) -> dict[str, set[int]]:
    """Return filter -> the numbers of the frames it passes; a filter that tshark refuses fails the test."""
    script = folder / "taps.lua"
    script.write_text("".join(_TAP.format(at=at, text=text) for at, text in enumerate(filters)), encoding="utf-8")
    argv = ["tshark", "-n", "-q", "-X", f"lua_script:{script}", "-r", str(path), *more]
    for preference in preferences:
        argv += ["-o", preference]
    # A damaged file makes tshark exit with an error after showing all whole frames.
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert "taps.lua" not in done.stderr, done.stderr
    found: dict[str, set[int]] = {text: set() for text in filters}
    for line in done.stdout.splitlines():
        at, _, number = line.partition(" ")
        found[filters[int(at)]].add(int(number))
    return found


def tables_of(path: Path) -> Tables:
    """Return the tables of one capture file, all its frames at one point."""
    opened = open_session([f"n/e={path}"]).opened
    return Tables(packets=opened.packets(), http=opened.http(), tls=opened.tls(), dns=opened.dns())


def both(
    path: Path, filters: Sequence[str], folder: Path, more: Sequence[str] = ()
) -> Iterator[tuple[str, set[int], set[int]]]:
    """Yield for each filter the frames that ours passes, and those that tshark's does."""
    theirs, tables = frames_by_filter(path, filters, folder, ("-d", "udp.port==8472,vxlan", *more)), tables_of(path)
    frames = tables.packets["frame"].combine_chunks()
    for text in filters:
        mask = compile_filter(text).mask(tables)
        assert mask.type == pa.bool_() and mask.null_count == 0
        yield text, set(frames.filter(mask).to_pylist()), theirs[text]
