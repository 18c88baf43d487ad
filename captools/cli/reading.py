"""What a person is told while large captures are decoded: a sentence before the first compile, then a bar."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captools.model.units import size
from captools.views.text import safe

if TYPE_CHECKING:
    from captools.store.capture import Reading

_STEP = 1 << 24  # bytes between two looks at the terminal


@contextmanager
def told() -> Iterator[Reading]:
    """Give a Reading whose progress goes to stderr: a line that is overwritten, on a terminal only."""
    from captools.store.capture import Reading
    from captools.wire.tunnels import VXLAN_PORTS

    line = _Line() if sys.stderr.isatty() else None
    try:
        yield Reading(
            VXLAN_PORTS,
            announce=lambda words: click.echo(words, err=True),
            tick=line.tick if line else lambda path, count, whole: None,
        )
    finally:
        if line:
            line.clear()


class _Line:
    """How far the file at work is; many threads report."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._done = self._shown = 0

    def tick(self, path: Path, count: int, whole: int) -> None:
        """Take note that ``count`` further bytes of ``path`` were read, of ``whole`` on disk."""
        with self._lock:
            if path != self._path:
                self._path, self._done, self._shown = path, 0, 0
            self._done += count
            if self._done - self._shown < _STEP:
                return
            self._shown = self._done
            # A packed file gives more bytes than it has.
            share = f"{100 * self._done // whole} % of {size(whole)}" if self._done <= whole else size(self._done)
            click.echo(f"\r\x1b[Kcaptools: reading {safe(path.name)}: {share}", err=True, nl=False)

    def clear(self) -> None:
        """Remove the line."""
        with self._lock:
            if self._shown:
                click.echo("\r\x1b[K", err=True, nl=False)
                self._shown = 0
