"""Where sessions go, and what their files are called."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from captools.model.points import Point

MANIFEST = "session.json"
INVENTORY = "inventory"
_MAX_NAME = 80
_NOT_SAFE = re.compile(r"[^A-Za-z0-9.@+:=-]+")


def default_root(here: Path, environ: Mapping[str, str]) -> Path:
    """Return the folder new sessions are made in.

    In a checkout of captools that is its ``captures/sessions``, which git ignores; elsewhere the user's state
    folder. Never inside an installed package, which may not be writable and which an upgrade replaces.
    """
    for folder in (here, *here.parents):
        if _is_checkout(folder):
            return folder / "captures" / "sessions"
    state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "/") / ".local/state")
    return Path(state) / "captools" / "sessions"


def user_cache(environ: Mapping[str, str]) -> Path:
    """Return the folder of the user's own cache: all in it can be made again."""
    return Path(environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or "/") / ".cache") / "captools"


def _is_checkout(folder: Path) -> bool:
    try:
        document = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    project = document.get("project")
    return isinstance(project, dict) and project.get("name") == "captools" and (folder / "captures").is_dir()


def session_name(now_ns: int) -> str:
    """Return the name of a session that starts at ``now_ns``: ``20261120T115005Z``, in UTC."""
    return f"{datetime.fromtimestamp(now_ns // 1_000_000_000, UTC):%Y%m%dT%H%M%SZ}"


def safe_name(text: str) -> str:
    """Return ``text`` as one harmless file name part: no separator, no control character, no hidden file.

    Names come from nodes. ``_`` appears single only, because ``__`` stands between node and interface.
    """
    name = re.sub("_+", "_", _NOT_SAFE.sub("_", text))
    name = re.sub(r"\.{2,}", ".", name)[:_MAX_NAME].lstrip(".-").rstrip("_")
    return name or "_"


def point_stem(point: Point, taken: frozenset[str] = frozenset()) -> str:
    """Return ``NODE__INTERFACE`` for a point, made safe and different from every stem in ``taken``."""
    stem = f"{safe_name(point.node)}__{safe_name(point.interface)}"
    if stem not in taken:
        return stem
    return next(f"{stem}-{number}" for number in range(2, len(taken) + 3) if f"{stem}-{number}" not in taken)
