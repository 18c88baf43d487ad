"""Take up a capture that was left on its nodes: watch it, fetch what it has, or stop it and bring all of it home."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from captools.collect.course import HURRY_TIMEOUT_S, STOP_WAIT_S, Course, Progress, Warn
from captools.collect.detached import register
from captools.collect.detached.remote import Remote
from captools.collect.keep import Keeper
from captools.collect.live.sinks import Sink
from captools.collect.node import NodeCapture
from captools.collect.outcome import nothing_captured
from captools.collect.progress import State
from captools.model.errors import CaptureFailed, Interrupted, UsageError
from captools.model.session import Manifest
from captools.store.session import read_manifest

CONNECT_TIMEOUT_S = 40.0


class How(StrEnum):
    """What to do with a capture that was left."""

    ATTACH = "attach"  # bring home what comes, until it ends or we leave; then it goes on
    FETCH = "fetch"  # bring home what is there now
    STOP = "stop"  # end it and bring everything home


def take_up(
    folder: Path,
    remote: Remote,
    how: How,
    *,
    stop: threading.Event,
    hurry: threading.Event | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
    sinks: Sequence[Sink] = (),
) -> Manifest:
    """Go on with a capture in its session folder; return the manifest as things stand then.

    ``stop`` leaves it running (``attach``), or gives up waiting. The manifest is complete once everything is
    home. UsageError where another process is attached; CaptureFailed where no node answers.
    """
    with register.held(folder):
        return _Again(folder, remote, how, stop, hurry or threading.Event(), progress, warn, sinks).go()


class _Again(Course):
    def __init__(
        self,
        folder: Path,
        remote: Remote,
        how: How,
        stop: threading.Event,
        hurry: threading.Event,
        progress: Progress | None,
        warn: Warn | None,
        sinks: Sequence[Sink],
    ) -> None:
        # The node ends it by itself after its time; ours would count from now.
        super().__init__(
            replace(remote.request, duration_s=None, spool=remote.terms.spool, until_regex=remote.terms.until_regex),
            stop,
            progress,
            warn,
            hurry,
        )
        self.sinks = sinks
        self.how = how
        self.keeper = Keeper.again(folder, remote, read_manifest(folder))
        self.remote = remote

    def go(self) -> Manifest:
        """The whole road."""
        terms = replace(self.remote.terms, ship=not self.remote.terms.spool.ring)
        if self.how is How.FETCH and self.remote.terms.spool.ring:
            raise UsageError(
                f"{self.remote.terms.capture}: a ring comes home when it ends",
                hint=f"captools snapshot {self.remote.terms.capture} --last 5m, or captools stop {self.remote.terms.capture}",
            )
        try:
            self.keeper.remember(replace(self.remote, pid=os.getpid()))
            for kept in self.remote.nodes:
                if kept.home:
                    continue
                node = NodeCapture(kept.target)
                node.on_gap = self.keeper.renew
                points = [self.keeper.reopen_point(one) for one in kept.points]
                self.points += points
                node.take_up(points, terms)
                self.nodes.append(node)
                node.start()
            self._connect()
            if self.how is How.STOP:
                self.end(STOP_WAIT_S)
            else:
                self._follow()
            return self._close_up()
        finally:
            for point in self.points:
                point.close(whole=False)
            self.close()

    def _connect(self) -> None:
        """Wait until every node has told how it stands, or failed."""
        nodes = [node for node in self.nodes if isinstance(node, NodeCapture)]
        self.until(lambda: all(node.state or node.done.is_set() for node in nodes), CONNECT_TIMEOUT_S)
        if self.stop.is_set():
            raise Interrupted("stopped before any node had answered", hint="nothing was changed")
        for node in nodes:
            if not node.state and not node.done.is_set():
                node.give_up(node.trouble or f"no answer within {CONNECT_TIMEOUT_S:.0f} s")
        for node in nodes:
            if not node.state:
                node.done.wait(HURRY_TIMEOUT_S)
        if all(node.done.is_set() for node in nodes):
            raise nothing_captured(self.reasons(), interrupted=False)

    def _follow(self) -> None:
        """Bring home what comes; where the tools have ended, all of it."""
        goals = {id(point): point.written for point in self.points}

        def fetched() -> bool:
            return self.how is How.FETCH and all(
                point.packets.held >= goals[id(point)] or point.state in (State.STOPPED, State.FAILED)
                for point in self.points
            )

        self.watch(self.keeper, enough=fetched)
        nodes = [node for node in self.nodes if isinstance(node, NodeCapture)]
        ended = [node for node in nodes if node.points and not node.running]
        if len(ended) == len(nodes) and not self.stop.is_set():
            self.end(STOP_WAIT_S)
            return
        for node in nodes:
            node.leave()
        self.until(lambda: all(node.done.is_set() for node in nodes), HURRY_TIMEOUT_S)

    def _close_up(self) -> Manifest:
        manifest = self.finish(self.keeper)
        if not manifest.complete and all(node.error is not None for node in self.nodes):
            raise CaptureFailed("; ".join(self.sentences()) or "nothing came home")
        return manifest
