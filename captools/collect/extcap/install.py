"""Putting captools into Wireshark: one small program in the folder where it looks for capture sources."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from captools.model.errors import ToolMissing, UsageError

NAME = "captools"
_MARK = "# Made by `captools extcap --install`"
_LONGEST_SHEBANG = 120  # the kernel reads 127 bytes on older systems


def personal_folder() -> Path:
    """Return the personal folder where this machine's Wireshark looks; ToolMissing without a tshark to ask.

    Wireshark 4.2 and newer tell it by name; older ones look beside the personal configuration.
    """
    program = shutil.which("tshark") or shutil.which("wireshark")
    if program is None:
        raise ToolMissing(
            "neither tshark nor wireshark is on this machine, so its folder is unknown",
            hint="install one, or give the folder: captools extcap --install DIR",
        )
    said = subprocess.run(
        [program, "-G", "folders"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    ).stdout
    folders = dict(re.findall(r"^([^:\n]+):\s+(\S.*)$", said, re.MULTILINE))
    if "Personal Extcap path" in folders:
        return Path(folders["Personal Extcap path"])
    if "Personal configuration" in folders:
        return Path(folders["Personal configuration"]) / "extcap"
    raise UsageError(f"{program} does not tell its folders", hint="give the folder: captools extcap --install DIR")


def install(folder: Path, config: Path | None) -> Path:
    """Write the program into ``folder`` and return it; UsageError where something else has its name, or nothing can be."""
    path = folder / NAME
    try:
        if path.is_symlink() or (path.exists() and _MARK not in path.read_text("utf-8", "replace")):
            raise UsageError(f"{path} is there and not ours", hint="move it away, or give another folder")
        folder.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{NAME}.new")
        new.write_text(program(sys.executable, config, _roots()), "utf-8")
        new.chmod(stat.S_IRWXU)
        new.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})", hint="give another folder") from error
    return path


def program(python: str, config: Path | None, roots: tuple[str, ...]) -> str:
    """Return the program: no shell, every name a quoted Python text in ASCII. ``roots`` are put before sys.path."""
    begin = python if " " not in python and len(python) <= _LONGEST_SHEBANG else "/usr/bin/env python3"
    words = ["extcap", *(["--config", str(config.resolve())] if config is not None else [])]
    lines = [
        f"#!{begin}",
        f"{_MARK}; delete this file to take captools out of Wireshark again.",
        "import os",
        "import sys",
        "",
    ]
    if begin != python:
        lines += [
            f"if sys.executable != {python!a}:",
            f"    os.execv({python!a}, [{python!a}, os.path.abspath(__file__), *sys.argv[1:]])",
        ]
    lines += [
        f"sys.path[:0] = {list(roots)!a}",
        f"sys.argv[1:1] = {words!a}",
        "from captools.cli.main import script",
        "",
        "script()",
    ]
    return "\n".join(lines) + "\n"


def _roots() -> tuple[str, ...]:
    """Return where captools is imported from, if that is no place that this Python knows by itself."""
    here = str(Path(__file__).resolve().parents[2])
    known = {os.path.realpath(one) for one in sys.path if "site-packages" in one or "dist-packages" in one}
    return () if here in known else (here,)
