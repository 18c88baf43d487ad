"""Where this user's unfinished captures are: one small file per capture in the state folder, named by its id."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from captools.collect.detached.remote import NAME, Remote, load
from captools.model.errors import CaptoolsError, UsageError
from captools.store.layout import MANIFEST, default_root

STRAYED_S = 30 * 24 * 3600  # for so long a folder may be away: by then its nodes have let go of the packets


def _folder(environ: Mapping[str, str]) -> Path:
    state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "/") / ".local/state")
    return Path(state) / "captools" / "captures"


def note(capture: str, session: Path) -> None:
    """Remember where a capture's session is; a state folder that cannot be written to only makes it harder to find."""
    with contextlib.suppress(OSError):
        folder = _folder(os.environ)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = folder / f".{capture}.new"
        temporary.write_text(str(session.resolve()))
        temporary.replace(folder / capture)


def forget(capture: str) -> None:
    """A capture is home."""
    with contextlib.suppress(OSError):
        (_folder(os.environ) / capture).unlink(missing_ok=True)


def gone_from(capture: str, nodes: Sequence[str]) -> None:
    """A capture was thrown away on ``nodes``: a session of ours that needs no other node is no longer unfinished."""
    folder = unfinished().get(capture)
    remote = load(folder) if folder is not None else None
    if folder is not None and remote is not None and all(one.home or one.target.name in nodes for one in remote.nodes):
        (folder / NAME).unlink(missing_ok=True)
        forget(capture)


def unfinished() -> dict[str, Path]:
    """Return id -> session folder of every capture that still has a part on its nodes; entries of no use are removed."""
    found: dict[str, Path] = {}
    with contextlib.suppress(OSError):
        for entry in sorted(_folder(os.environ).iterdir()):
            if entry.name.startswith("."):
                continue
            session = Path(entry.read_text().strip())
            if (session / NAME).is_file():
                found[entry.name] = session
            elif session.is_dir() or time.time() - entry.stat().st_mtime > STRAYED_S:
                entry.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        for path in sorted(default_root(Path.cwd(), os.environ).glob(f"*/{NAME}")):
            if path.parent.resolve() not in found.values():
                with contextlib.suppress(CaptoolsError):
                    remote = load(path.parent)
                    if remote is not None:
                        found[remote.terms.capture] = path.parent.resolve()
    return found


def strayed() -> dict[str, Path]:
    """Return id -> session folder of captures whose folder is not there: unmounted, moved or deleted."""
    found: dict[str, Path] = {}
    with contextlib.suppress(OSError):
        for entry in sorted(_folder(os.environ).iterdir()):
            session = Path(entry.read_text().strip())
            if not entry.name.startswith(".") and not session.is_dir():
                found[entry.name] = session
    return found


def find(name: str) -> tuple[Path, Remote]:
    """Return the session folder and the way to its nodes, by a capture's id, its beginning, or the folder itself.

    UsageError where nothing or too much fits.
    """
    folder = Path(name)
    if not (folder / NAME).is_file() and not (folder / MANIFEST).is_file():
        known = unfinished()
        fits = [one for one in known if one == name] or [one for one in known if one.startswith(name)]
        if len(fits) != 1:
            listed = ", ".join(fits or known) or "none"
            raise UsageError(
                f"{name}: {'several captures begin so' if fits else 'no unfinished capture is called so'}",
                hint=f"{'give more of its id' if fits else 'unfinished ones'}: {listed}; see captools sessions",
            )
        folder = known[fits[0]]
    remote = load(folder)
    if remote is None:
        raise UsageError(f"{folder}: everything of it is home already", hint=f"open it: captools info {folder}")
    return folder, remote


def controller_of(folder: Path, remote: Remote) -> int:
    """Return the number of the process that is attached to a session, 0 where nobody is."""
    try:
        with held(folder):
            return 0
    except UsageError:
        return remote.pid


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a session folder for oneself; UsageError where another captools process does. Ends with the process."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                f"{folder}: another captools process is attached to it", hint="end that one (Ctrl-C) first"
            ) from error
        yield
    finally:
        os.close(handle)
