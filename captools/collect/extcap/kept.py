"""What Wireshark asks again and again, kept between its questions: Kubernetes' nodes, and each node's interfaces.

A list of interfaces must be there at once, so that nothing is reached for it; what is kept can always be made again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from captools.model.errors import UsageError
from captools.store.atomic import write_text
from captools.store.layout import user_cache

FRESH_S = 600.0


class Kept:
    """One small JSON file in the user's cache. A damaged one counts as empty, one that cannot be written is let be."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or user_cache(os.environ) / "extcap.json"

    def nodes(self, ask: Callable[[], Sequence[str]], now_s: float | None = None) -> tuple[str, ...]:
        """Return node names that ``ask`` gave within the last ten minutes, else what it gives now."""
        now_s = time.time() if now_s is None else now_s
        document = self._read()
        names, asked = document.get("nodes"), document.get("asked")
        if isinstance(names, list) and isinstance(asked, int | float) and 0 <= now_s - asked < FRESH_S:
            return tuple(str(name) for name in names)
        found = tuple(ask())
        self._write({**document, "nodes": list(found), "asked": now_s})
        return found

    def interfaces(self) -> Mapping[str, tuple[str, ...]]:
        """Return each node's interfaces as they were last seen."""
        found = self._read().get("interfaces")
        if not isinstance(found, dict):
            return {}
        return {node: tuple(map(str, names)) for node, names in found.items() if isinstance(names, list)}

    def keep_interfaces(self, node: str, names: Sequence[str]) -> None:
        """Remember what a node has."""
        document = self._read()
        self._write({**document, "interfaces": {**self.interfaces(), node: tuple(names)}})

    def _read(self) -> dict[str, Any]:
        try:
            document = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def _write(self, document: dict[str, Any]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._path, json.dumps(document))
        except (OSError, UsageError):
            return
