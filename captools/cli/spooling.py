"""Options on what rests on the nodes and how it comes home, shared by the commands that begin a capture."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import click

from captools.collect.quantities import byte_count, seconds
from captools.collect.spooling import COMPRESS, FULL, SpoolWish
from captools.model.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])
_NAMES = ("ring_size", "keep_time", "spool", "full", "limit", "compress", "spool_dir")
MIN_ROOM = 1024 * 1024  # less is a slip of the pen: a few hundred packets


def spool_options(command: F) -> F:
    """Add --ring, --keep, --spool, --spool-full, --spool-dir, --limit, --compress; the command gets ``wish``."""

    @wraps(command)
    def asking(*words: Any, **options: Any) -> Any:
        asked = {name: options.pop(name) for name in _NAMES}
        return command(*words, wish=_wish(**asked), **options)

    decorated: Any = asking
    for decorate in (
        click.option("--ring", "ring_size", metavar="SIZE", help="Keep only the newest packets, on the nodes, for days."),
        click.option("--keep", "keep_time", metavar="TIME", help="Keep only the last 10m, on the nodes; --ring bounds them."),
        click.option("--spool", default="1GiB", show_default=True, metavar="SIZE", help="What may rest on a node."),
        click.option("--spool-full", "full", type=click.Choice(FULL), default="keep", show_default=True,
                     help="When it is full: keep the oldest packets, or drop them."),
        click.option("--spool-dir", default="", metavar="DIR", help="Where on the nodes (default: /var/tmp, /tmp)."),
        click.option("--limit", metavar="RATE", help="Bring home at most 10MB/s from each node."),
        click.option("--compress", type=click.Choice(COMPRESS), default="auto", show_default=True,
                     help="On the way home; auto measures whether it helps."),
    ):  # fmt: skip
        decorated = decorate(decorated)
    return cast(F, decorated)


def _wish(
    ring_size: str | None,
    keep_time: str | None,
    spool: str,
    full: str,
    limit: str | None,
    compress: str,
    spool_dir: str,
) -> SpoolWish:
    if spool_dir and not spool_dir.startswith("/"):
        raise UsageError(f"--spool-dir {spool_dir}: not a whole path", hint="give one that begins with /")
    return SpoolWish(
        spool_bytes=_room("--spool", spool),
        full=full,
        ring_bytes=_room("--ring", ring_size) if ring_size is not None else None,
        keep_s=seconds(keep_time) if keep_time is not None else None,
        spool_dir=spool_dir,
        limit_bps=_rate(limit) if limit is not None else None,
        compress=compress,
    )


def _room(option: str, text: str) -> int:
    size = byte_count(text)
    if size < MIN_ROOM:
        raise UsageError(f"{option} {text} holds next to nothing", hint=f"give 1MiB or more, such as {option} 512MiB")
    return size


def _rate(text: str) -> int:
    try:
        return byte_count(text.removesuffix("/s"))
    except UsageError as error:
        raise UsageError(f"--limit {text}: not a rate", hint="write 10MB/s") from error
