"""What all commands over SOURCE… share: arguments, formats, output and exit codes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from captools.model.errors import ExitCode
from captools.views.text import json_text, safe

if TYPE_CHECKING:
    from captools.model.analysis import Analysis
    from captools.pipeline import Session

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = ("table", "json", "ndjson", "csv", "parquet")


@dataclass(frozen=True, slots=True)
class Asked:
    """SOURCE… and how to read it, as every command over captures takes them."""

    sources: tuple[str, ...]
    inventory: tuple[str, ...]
    expect_encryption: bool
    tunnel_port: tuple[int, ...]

    def session(self) -> Session:
        """Open SOURCE…, without a word but on what takes long."""
        from captools.cli.reading import told
        from captools.pipeline import open_session

        with told() as reading:
            return open_session(
                self.sources,
                inventory=self.inventory,
                expect_encryption=self.expect_encryption,
                tunnel_ports=self.tunnel_port,
                reading=reading,
            )

    def analysis(self) -> Analysis:
        """Open SOURCE… and correlate it, without a word."""
        return self.session().analysis

    def open(self) -> Session:
        """Open SOURCE… and say on stderr what was found damaged or left out."""
        session = self.session()
        _warn(session.warnings)
        return session

    def load(self) -> Analysis:
        """The same, and correlate it; of a session too large for that, say which part."""
        session = self.open()
        analysis = session.analysis
        _warn(tuple(one for one in analysis.warnings if one not in session.warnings))
        return analysis


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        click.echo(f"captools: warning: {safe(warning)}", err=True)


@dataclass(frozen=True, slots=True)
class Shown:
    """How a result is to be printed."""

    form: str
    output: str | None

    def emit(self, document: dict[str, Any], items: Sequence[dict[str, Any]], text: Callable[[], str]) -> None:
        """Print a result (see :func:`emit`)."""
        emit(self.form, document, items, text, self.output)


def source_options(command: F) -> F:
    """Add SOURCE…, --inventory, --expect-encryption and --tunnel-port; the command gets them as ``asked``."""

    @wraps(command)
    def asking(
        *words: Any,
        sources: tuple[str, ...],
        inventory: tuple[str, ...],
        expect_encryption: bool,
        tunnel_port: tuple[int, ...],
        **rest: Any,
    ) -> Any:
        return command(*words, asked=Asked(sources, inventory, expect_encryption, tunnel_port), **rest)

    decorated: Any = asking
    for decorate in (
        click.argument("sources", nargs=-1, required=True, metavar="SOURCE..."),
        click.option(
            "--inventory",
            multiple=True,
            metavar="PATH",
            help="More facts of the cluster: a file of kubectl or cilium output, or a folder of them.",
        ),
        click.option(
            "--expect-encryption",
            is_flag=True,
            help="Take clear text between nodes for an error: it ought to be encrypted.",
        ),
        click.option(
            "--tunnel-port",
            type=click.IntRange(1, 65535),
            multiple=True,
            metavar="PORT",
            help="Read VXLAN on this UDP port too, beside 8472 and 4789 (repeatable).",
        ),
    ):
        decorated = decorate(decorated)
    return cast(F, decorated)


def format_options(command: F) -> F:
    """Add --format, its short form --json, and -o; the command gets them as ``shown``."""

    @wraps(command)
    def showing(*words: Any, form: str, as_json: bool, output: str | None, **rest: Any) -> Any:
        return command(*words, shown=Shown("json" if as_json else form, output), **rest)

    decorated: Any = showing
    for decorate in (
        click.option(
            "--format",
            "form",
            type=click.Choice(FORMATS),
            default="table",
            help="table is for people, json is one document, ndjson and csv have a line for each row.",
        ),
        click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
        click.option(
            "-o",
            "--output",
            type=click.Path(dir_okay=False),
            help="Write to this file instead of the terminal; parquet needs it.",
        ),
    ):
        decorated = decorate(decorated)
    return cast(F, decorated)


def emit(
    form: str,
    document: dict[str, Any],
    items: Sequence[dict[str, Any]],
    text: Callable[[], str],
    output: str | None = None,
) -> None:
    """Print a result: ``document`` as JSON, ``items`` as lines or cells, ``text`` for people."""
    if form == "parquet":
        _parquet(items, output)
        return
    if form == "json":
        result = json_text(document, indent=2)
    elif form == "ndjson":
        result = "\n".join(json_text(item) for item in items)
    elif form == "csv":
        result = _csv(items)
    else:
        result = text()
    if output:
        from captools.store.atomic import write_text

        write_text(output, result + "\n" if result else "")
    elif result:
        click.echo(result)


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    """Return one level of keys: nested values become JSON text, so that a cell holds one value."""
    return {key: json_text(v) if isinstance(v, dict | list) else v for key, v in item.items()}


def _csv(items: Sequence[dict[str, Any]]) -> str:
    """Return lines of cells; control characters come out visible, as in a table (JSON and Parquet keep them)."""
    if not items:
        return ""
    out = io.StringIO()
    names = list(dict.fromkeys(name for item in items for name in item))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for item in items:
        writer.writerow({key: safe(v) if isinstance(v, str) else v for key, v in _flat(item).items()})
    return out.getvalue().rstrip("\n")


def _parquet(items: Sequence[dict[str, Any]], output: str | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from captools.cli.sink import parquet_sink

    with parquet_sink(output) as sink:
        pq.write_table(pa.Table.from_pylist([_flat(item) for item in items]), sink, compression="zstd")


def fail_on(ctx: click.Context, hit: bool) -> None:
    """Exit with code 1 where --fail-on asked for it and ``hit`` holds."""
    if hit:
        ctx.exit(ExitCode.FAIL_ON)
