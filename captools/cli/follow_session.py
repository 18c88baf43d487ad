"""The rows of all points of a session that is still being captured, as one list in the order of time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from captools.cli.follow import Lines, Wanted, warn

if TYPE_CHECKING:
    import pyarrow as pa

    from captools.store.growing_session import Fresh, GrowingSession

_LOOK_S = 0.1  # between two looks where nothing came


def follow_session(session: GrowingSession, form: str, wanted: Wanted, *, over: threading.Event | None = None) -> None:
    """Print rows until the capture is complete, Ctrl-C, ``wanted.count`` of them, or ``over`` (then all that is there).

    A point's packets wait for those of the others as in captools.wire.merging: for a moment, never for long.
    """
    rows = _Rows(wanted, Lines(form, wanted))
    try:
        while not session.ended and rows.wanted:
            last = over is not None and over.is_set()
            found = session.look()
            _tell(session)
            rows.take(found, len(session.points))
            if not found and last:
                break
            if not found and not session.ended:
                time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        while found := session.look():
            rows.take(found, len(session.points))
    rows.rest()
    _tell(session)


def _tell(session: GrowingSession) -> None:
    while session.warnings:
        warn(session.warnings.pop(0))


class _Rows:
    """Chooses rows, holds them until their time has come, and prints them; ``wanted`` until there are enough."""

    def __init__(self, wanted: Wanted, lines: Lines) -> None:
        from captools.views.filter import compile_filter
        from captools.views.filter.passing import Passing
        from captools.wire.merging import Merger

        self._asked, self._lines = wanted, lines
        self._left = wanted.count
        self._judge = compile_filter(wanted.display_filter or "")
        self._passing: list[Passing] = []
        self._merger: Merger[pa.Table] = Merger()

    @property
    def wanted(self) -> bool:
        """True until as many rows as were asked for are printed."""
        return self._left != 0

    def take(self, found: Sequence[Fresh], files: int) -> None:
        """Take new packets of so many ``files``, and print what need not wait any longer."""
        from captools.cli.pages import Page
        from captools.views.filter.passing import Passing

        now = time.monotonic_ns()
        for file in range(len(self._passing), files):
            self._passing.append(Passing(self._judge, self._asked.tables))
            self._merger.add(file)
        for fresh in found:
            tables, keep = self._passing[fresh.file].of(fresh.arrived)
            stamps = fresh.arrived.records.ts_ns
            self._merger.reached(fresh.file, int(stamps.max()))
            if len(keep):
                page = self._asked.page(Page(tables, keep))
                self._merger.put(fresh.file, page, stamps[keep], page.nbytes, now)
        self._print(now)

    def rest(self) -> None:
        """Print everything that still waits."""
        self._print(time.monotonic_ns(), everything=True)
        sys.stdout.flush()

    def _print(self, now_ns: int, *, everything: bool = False) -> None:
        import numpy as np
        import pyarrow as pa

        due = self._merger.due(now_ns, everything=everything)
        if due is None or not self.wanted:
            return
        begins = np.cumsum([0, *(len(page) for page in due.pieces[:-1])])
        order = (begins[due.piece] + due.row)[: self._left]
        if self._left is not None:
            self._left -= len(order)
        self._lines.write(pa.concat_tables(due.pieces, promote_options="permissive").take(pa.array(order)))
