"""captools doctor."""

from __future__ import annotations

import os
import stat
from importlib import metadata

from captools.cli.doctor import PACKAGES, TOOLS


def rows(out: str) -> dict[str, str]:
    return {line.split()[0]: line.partition(" ")[2].strip() for line in out.splitlines()}


def program(path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_every_package_and_tool_has_a_row_with_what_was_found(captools):
    done = captools("doctor")
    found = rows(done.out)
    assert done.code == 0 and {"python", "root", *PACKAGES, *TOOLS} <= set(found)
    assert found["scapy"].startswith(metadata.version("scapy"))
    assert found["root"].startswith("yes" if os.geteuid() == 0 else "no")


def test_a_tool_tells_its_version_and_one_that_hangs_or_tells_nothing_its_path(captools, tmp_path, monkeypatch):
    program(tmp_path / "tcpdump", '[ "$1" = --version ] && echo "tcpdump version 9.9.9"')
    program(tmp_path / "ngrep", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = rows(captools("doctor").out)
    assert found["tcpdump"].startswith("tcpdump version 9.9.9") and found["ngrep"].startswith(str(tmp_path / "ngrep"))


def test_a_missing_tool_says_what_it_is_needed_for(captools, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = rows(captools("doctor").out)
    absent = [name for name in TOOLS if not any(os.path.exists(f"{d}/{name}") for d in ("/usr/sbin", "/sbin"))]
    assert "tshark" in absent
    for name in absent:
        assert found[name].split() == ["missing", *f"needed for {TOOLS[name]}".split()]


def test_what_a_tool_prints_cannot_drive_the_terminal(captools, tmp_path, monkeypatch):
    program(tmp_path / "tcpdump", "printf '1.0 \\033[2J\\n'")
    monkeypatch.setenv("PATH", str(tmp_path))
    out = captools("doctor").out
    assert "1.0 \\e[2J" in out and all(line.isprintable() for line in out.splitlines())
