"""Words that come from elsewhere (nodes, files, tools) made safe to print in one sentence. Pure."""

from __future__ import annotations

import unicodedata

MAX_LENGTH = 300


def clean(text: str, limit: int = MAX_LENGTH) -> str:
    """Return ``text`` as one line without control or formatting characters, at most ``limit`` long.

    A node can send escape codes that would write anywhere on the terminal.
    """
    # Cs: half of a character, as JSON may hold it; no stream takes it.
    shown = "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char for char in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def last_line(text: str) -> str:
    """Return the last line that says anything, made safe."""
    return next((clean(line) for line in reversed(text.splitlines()) if line.strip()), "")
