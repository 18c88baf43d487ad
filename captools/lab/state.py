"""A lab's folder: who runs it, where it is, and how to make all of it disappear.

``lab.json`` marks the folder and names the lab's process 1 (id and start time, so that a reused id is never
mistaken for it). Labs elsewhere are found by a link in the usual place.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from captools.model.errors import CaptureFailed, UsageError

MARK = "lab.json"
_GONE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabRecord:
    """What ``lab.json`` says. ``pid`` 0 means the lab never got as far as its process 1."""

    name: str
    mode: str
    pid: int = 0
    start_ticks: int = 0
    schema: int = 1

    @property
    def running(self) -> bool:
        """Tell whether the lab's process 1 is alive."""
        return self.pid > 0 and start_ticks(self.pid) == self.start_ticks


def labs_folder() -> Path:
    """Return where labs live by default: ``$XDG_STATE_HOME/captools/lab``."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "captools" / "lab"


def folder_of(name: str) -> Path:
    """Return the folder (or the link to it) of a lab by name; UsageError for a name that is no file name."""
    if not name or name.startswith(".") or not all(c.isalnum() or c in "-_." for c in name):
        raise UsageError(f"{name!r} cannot name a lab", hint="use letters, digits, '-' and '_'")
    return labs_folder() / name


def start_ticks(pid: int) -> int:
    """Return when a process started (clock ticks since boot), 0 where there is none or it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The name in parentheses may hold spaces: fields count from after the last one (proc(5): 3 state, 22 start).
    fields = text.rpartition(")")[2].split()
    return 0 if fields[0] in ("Z", "X") else int(fields[19])


def write(folder: Path, record: LabRecord) -> None:
    """Write ``lab.json`` in one step."""
    fresh = folder / f"{MARK}.new"
    fresh.write_text(json.dumps(asdict(record), indent=1) + "\n")
    fresh.rename(folder / MARK)


def read(folder: Path) -> LabRecord | None:
    """Return what ``lab.json`` says, None where the folder is no lab's."""
    try:
        found = json.loads((folder / MARK).read_text())
        return LabRecord(**{key: found[key] for key in ("name", "mode", "pid", "start_ticks")})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def known() -> list[tuple[Path, LabRecord]]:
    """Return every lab of this user, running or left behind."""
    base = labs_folder()
    found = [(path, read(path)) for path in sorted(base.iterdir())] if base.is_dir() else []
    return [(path, record) for path, record in found if record is not None]


def kill(pid: int, ticks: int) -> None:
    """End a lab's process 1 and wait until it, and with it every process of the lab, is gone."""
    if start_ticks(pid) != ticks or not ticks:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _GONE_TIMEOUT_S
    while start_ticks(pid) == ticks:
        if time.monotonic() > deadline:
            raise CaptureFailed(f"lab process {pid} does not end", hint=f"look at it with: ps -fp {pid}")
        time.sleep(0.005)


def remove(folder: Path) -> LabRecord | None:
    """End the lab in ``folder`` and remove all its files; None (and nothing removed) where there is no lab.

    ``folder`` may be the link under ``labs_folder``; both it and what it points to go.
    """
    record = read(folder)
    if record is None:
        if folder.is_symlink() and not folder.exists():
            folder.unlink()
        return None
    kill(record.pid, record.start_ticks)
    real = folder.resolve()
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(real, ignore_errors=True)
    link = folder_of(record.name)
    if link.is_symlink() and not link.exists():
        link.unlink()
    return record
