"""``captools packets --follow``: the rows of a capture that is still being written, as they come."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captools.cli.common import Asked, Shown
from captools.model.errors import UsageError
from captools.views.text import MAX_CELL, row_text, safe

if TYPE_CHECKING:
    import pyarrow as pa

    from captools.cli.pages import Page
    from captools.store.growing import Growing
    from captools.store.inputs import CaptureInput
    from captools.views.filter import Filter
    from captools.wire.follow import Arrived, Follower

_LOOK_S = 0.1  # between two looks at a file that does not grow
FORMATS = ("table", "ndjson", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows are to be printed, and how: ``page`` makes a page's rows readable, from the ``tables`` it names."""

    count: int | None
    display_filter: str | None
    page: Callable[[Page], pa.Table]
    tables: frozenset[str]
    columns: Sequence[str]  # of the format for people; none for all
    value: Callable[[object], object]  # has the last word on a JSON value


def check(shown: Shown, *, deep: bool) -> None:
    """Raise UsageError for what a capture without an end cannot be asked for."""
    if shown.form not in FORMATS:
        raise UsageError(
            f"--follow prints rows as they come, and --format {shown.form} needs all of them",
            hint="use --format ndjson, csv or table",
        )
    if shown.output:
        raise UsageError("--follow prints to stdout, -o was given", hint="write > FILE instead")
    if deep:
        raise UsageError("--deep reads whole files, --follow has none", hint="leave one of them out")


def follow(asked: Asked, shown: Shown, wanted: Wanted) -> None:
    """Print rows until Ctrl-C, the end of the pipe or of the session, or ``count`` of them."""
    from captools.inventory.read import read_inventory
    from captools.store.growing import GrowingFile, Pipe
    from captools.store.inputs import followed
    from captools.views.filter import compile_filter

    judge = compile_filter(wanted.display_filter or "")
    if wanted.count == 0:
        return
    if len(asked.sources) == 1 and (folder := Path(asked.sources[0])).is_dir():
        from captools.cli.follow_session import follow_session
        from captools.store.growing_session import GrowingSession

        session = GrowingSession(folder, tunnel_ports=asked.tunnel_port, inventory=asked.inventory)
        follow_session(session, shown.form, wanted)
        return
    inputs = followed(asked.sources, asked.inventory)
    cluster = read_inventory(inputs.inventory)
    for warning in (*inputs.warnings, *cluster.warnings):
        warn(warning)
    one = inputs.captures[0]
    growing = Pipe(one.path) if one.temporary else GrowingFile(one.path)
    rows = _Rows(wanted, judge, Lines(shown.form, wanted))
    begin = _beginner(one, cluster, asked.tunnel_port)
    follower = begin()
    try:
        for data in _pieces(growing):
            if isinstance(data, str):
                _ended(follower)
                click.echo(f"captools: {safe(data)}", err=True)
                follower = begin()
                rows.renew()
            elif not rows.take(follower.feed(data)):
                return
            if follower.ended:
                break
    except KeyboardInterrupt:
        for data in growing.rest():
            if not rows.take(follower.feed(data)):
                return
        return
    _ended(follower)


def _beginner(one: CaptureInput, cluster: Any, ports: tuple[int, ...]) -> Callable[[], Follower]:
    """Return what makes a fresh follower of the file: for its beginning, and for each file that replaces it."""
    from captools.store.files import as_text
    from captools.store.naming import naming_of
    from captools.wire.follow import Follower
    from captools.wire.tunnels import VXLAN_PORTS

    name = as_text(one.path.name)
    every = tuple(dict.fromkeys((*VXLAN_PORTS, *ports)))
    return lambda: Follower(name, lambda interfaces: naming_of(one, name, interfaces, cluster), every)


def _pieces(growing: Growing) -> Iterator[bytes | str]:
    """Yield bytes as they come, and a sentence where they go on in another file."""
    while (data := growing.read()) is not None:
        if data:
            yield data
        elif news := growing.renewed():
            yield news
        else:
            time.sleep(_LOOK_S)


def _ended(follower: Follower) -> None:
    damage = follower.damage()
    if damage:
        warn(f"{damage}; the {follower.frames:,} whole records before it are printed")


def warn(words: str) -> None:
    """Tell a trouble that leaves the rest going."""
    click.echo(f"captools: warning: {safe(words)}", err=True)


class _Rows:
    """Chooses rows of one file and prints them, as many as are wanted."""

    def __init__(self, wanted: Wanted, judge: Filter, lines: Lines) -> None:
        from captools.views.filter.passing import Passing

        self._wanted, self._lines = wanted, lines
        self._passing = Passing(judge, wanted.tables)
        self._left = wanted.count

    def renew(self) -> None:
        """Go on with another file."""
        self._passing.renew()

    def take(self, arrived: Arrived | None) -> bool:
        """Print the rows of ``arrived`` that pass; False once there are enough."""
        from captools.cli.pages import Page

        if arrived is None:
            return self._left != 0
        tables, passed = self._passing.of(arrived)
        keep = passed[: self._left]
        if self._left is not None:
            self._left -= len(keep)
        if len(keep):
            self._lines.write(self._wanted.page(Page(tables, keep)))
        return self._left != 0


class Lines:
    """Writes tables of the same columns, line by line; columns for people grow with what they hold."""

    def __init__(self, form: str, wanted: Wanted) -> None:
        self._form, self._wanted = form, wanted
        self._begun = False
        self._widths: list[int] = []

    def write(self, table: pa.Table) -> None:
        """Write all rows, out to the reader."""
        from captools.cli.rows import cells, json_lines, write_csv
        from captools.views.rows import names_of

        if self._form == "ndjson":
            sys.stdout.writelines(line + "\n" for line in json_lines(table, self._wanted.value))
        elif self._form == "csv":
            write_csv(table, sys.stdout, header=not self._begun)
        else:
            names = names_of(table)
            wanted = list(self._wanted.columns) or names
            self._columns(wanted, list(cells(table, [names.index(name) for name in wanted])))
        self._begun = True
        sys.stdout.flush()

    def _columns(self, names: list[str], rows: list[list[Any]]) -> None:
        printed = [row_text(row, MAX_CELL) for row in rows]
        lines = printed if self._begun else [[safe(name).upper() for name in names], *printed]
        widest = [max(len(line[at]) for line in lines) for at in range(len(names))]
        self._widths = [max(pair) for pair in zip(self._widths or widest, widest, strict=True)]
        for line in lines:
            words = (word.ljust(width) for word, width in zip(line, self._widths, strict=True))
            sys.stdout.write("  ".join(words).rstrip() + "\n")
