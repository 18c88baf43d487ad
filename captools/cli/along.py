"""Whoever reads along while ``captools capture`` runs: a live stream, a search for the event, rows on stdout."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captools.model.errors import CaptoolsError, UsageError
from captools.model.session import ToolCounts, UntilRecord

if TYPE_CHECKING:
    from captools.collect.live.event import Event
    from captools.collect.live.sinks import LivePoint, Sink

_LOOK_S = 0.05
_END_S = 30.0  # for rows that wait for a slow reader of stdout, after the capture has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """What was asked for: ``live_fd`` for ``-w -``, ``event`` and ``after_s`` for ``--until``, ``follow``."""

    live_fd: int | None = None
    event: Event | None = None
    after_s: float = 0.0
    follow: bool = False

    def __bool__(self) -> bool:
        return self.live_fd is not None or self.event is not None or self.follow


def understand_until(until: str | None, after_s: float | None, *, on_node: bool) -> tuple[Event | None, str]:
    """Return the event of ``--until`` and a sentence on how it was taken; UsageError where it cannot be looked for.

    ``on_node``: the nodes look for it themselves (``--detach``, ``--ring``).
    """
    if until is None:
        if after_s is not None:
            raise UsageError("--after is about --until, which was not given", hint="add --until 'tcp.flags.reset == 1'")
        return None, ""
    from captools.collect.live.event import Kind, understand

    event = understand(until, on_node=on_node)
    other = (
        "re: before it looks for bytes" if event.kind is Kind.FILTER else "filter: before it makes it a display filter"
    )
    forced = until != event.expression
    alone = "; each node looks at its own packets only and stops alone at its match" if on_node else ""
    return event, f"--until waits for the {event}" + ("" if forced else f" ({other})") + alone


class Along:
    """The readers of one capture. Give ``sinks`` to it, tell what ``news`` returns, and ``end`` it afterwards."""

    def __init__(self, wished: Wished, stop: threading.Event) -> None:
        self.sinks: list[Sink] = []
        self._until = self._live = self._rows = None
        if wished.live_fd is not None:
            from captools.collect.live.pcapng import PcapngSink

            self._live = PcapngSink(wished.live_fd, stop)
            self.sinks.append(self._live)
        if wished.event is not None:
            from captools.collect.live.until import UntilSink

            self._until = UntilSink(wished.event, stop, wished.after_s)
            self.sinks.append(self._until)
        if wished.follow:
            self._rows = _Rows(stop)
            self.sinks.append(self._rows)

    def news(self) -> list[str]:
        """Return what should be told now, once."""
        return self._until.news() if self._until is not None else []

    def end(self) -> list[str]:
        """Print the rows that are left; return what should be told at the end. The capture is over, well or not."""
        if self._rows is not None:
            self._rows.over()
        return [*self.news(), *(self._live.notes if self._live is not None else [])]


class _Rows:
    """Prints the rows of the growing session in a thread of its own."""

    found: tuple[UntilRecord, ...] = ()

    def __init__(self, stop: threading.Event) -> None:
        self._stop, self._over = stop, threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, points: Sequence[LivePoint], folder: Path | None) -> None:
        """Follow the session in ``folder``."""
        assert folder is not None, "--follow keeps a session"
        self._thread = threading.Thread(target=self._run, args=(folder,), name="rows", daemon=True)
        self._thread.start()

    def feed(self, key: int, data: bytes) -> None:
        """Let bytes be: rows come from the files."""

    def end(self, counts: Mapping[int, ToolCounts], hurry: threading.Event) -> None:
        """Let it be: rows end with the session."""

    def over(self) -> None:
        """Print what is there and end."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(_END_S)

    def _run(self, folder: Path) -> None:
        from captools.cli.follow import warn
        from captools.cli.follow_session import follow_session
        from captools.cli.packets import wanted_rows
        from captools.store.growing_session import GrowingSession
        from captools.store.session import MANIFEST

        while not (folder / MANIFEST).exists():
            if self._over.wait(_LOOK_S):
                return
        try:
            follow_session(GrowingSession(folder), "table", wanted_rows(), over=self._over)
        except BrokenPipeError:
            self._stop.set()  # whoever read the rows has seen enough
        except CaptoolsError as error:
            warn(str(error))
