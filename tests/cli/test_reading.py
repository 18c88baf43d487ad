"""What a person sees while a large capture is read."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from captools.cli.reading import told


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_it_is_and_is_left_clean(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with told() as reading:
        for _ in range(4):
            reading.tick(Path("/tmp/evil\x1b[2J.pcap"), 1 << 24, 1 << 26)
    shown = terminal.getvalue()
    assert "50 % of 64.0 MiB" in shown and "100 % of" in shown
    assert "evil\\e[2J.pcap" in shown and "\x1b[2J" not in shown
    assert shown.endswith("\r\x1b[K")


def test_a_packed_file_gives_more_bytes_than_it_has(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with told() as reading:
        reading.tick(Path("a.pcap.gz"), 1 << 25, 1 << 20)
    assert "a.pcap.gz: 32.0 MiB" in terminal.getvalue()


def test_a_pipe_is_told_of_the_compile_only(monkeypatch):
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    with told() as reading:
        reading.tick(Path("a"), 1 << 30, 1 << 30)
        reading.announce("compiling")
    assert pipe.getvalue() == "compiling\n"
