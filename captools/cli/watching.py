"""A capture in the foreground: signals mean "stop", progress shows on stderr, the result is printed at the end."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import click

from captools.cli.progress import LiveBlock, final_table
from captools.collect.progress import PointProgress
from captools.model.errors import ExitCode
from captools.model.session import Manifest

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def watched(
    run: Callable[..., Manifest],
    *arguments: Any,
    stop: threading.Event | None = None,
    news: Callable[[], list[str]] = list,
    **options: Any,
) -> Manifest:
    """Call ``run`` with ``stop``, ``hurry``, ``progress`` and ``warn``: a first signal stops, a second one hurries.

    ``news`` gives what should be told meanwhile, once.
    """
    stop, hurry = stop or threading.Event(), threading.Event()
    block = LiveBlock(sys.stderr)

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            hurry.set()
        stop.set()

    def on_progress(one: PointProgress) -> None:
        block.update(one)
        for sentence in news():
            block.say(sentence)

    before = {number: signal.signal(number, on_signal) for number in STOPPING}
    try:
        return run(*arguments, stop=stop, hurry=hurry, progress=on_progress, warn=block.say, **options)
    finally:
        block.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def print_result(manifest: Manifest, *, as_json: bool, folder: bool = True) -> None:
    """Print the table on stderr, and on stdout the session's path or the result as JSON."""
    where = manifest.extra.get("folder", "")
    click.echo(final_table(manifest), err=True)
    if as_json:
        document = {
            **manifest.to_json(), "schema": 1, "session": where, "capture": manifest.extra.get("capture", ""),
        }  # fmt: skip
        del document["extra"]
        click.echo(json.dumps(document, indent=1))
    elif folder:
        click.echo(where)


def exit_code(manifest: Manifest) -> ExitCode:
    """Return 4 where a node or a point failed, else 0."""
    failed = any(not node.ok for node in manifest.nodes) or any(not point.ok for point in manifest.points)
    return ExitCode.NODE_FAILED if failed else ExitCode.FINE
