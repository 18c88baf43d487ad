"""captools info."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captools.cli.common import Asked, Shown, format_options, source_options
from captools.model.errors import MalformedCapture, UsageError
from captools.views.text import safe

if TYPE_CHECKING:
    from captools.model.clocks import ClockReport
    from captools.pipeline import Session


@click.command("info", epilog="Example: captools info captures/sessions/20261120T101500Z")
@source_options
@format_options
@click.option("--verify", is_flag=True, help="Hash every file anew and compare with what the session noted.")
def command(
    asked: Asked,
    shown: Shown,
    verify: bool,
) -> None:
    """Show every observation point: packets, bytes, times, the tool's own counts, damage and clock offset.

    Captures of any size are counted; the clocks are compared only where all packets fit into memory.
    """
    from captools.model.clocks import ClockReport
    from captools.views import documents
    from captools.views.point_facts import point_facts

    session = asked.open()
    if verify:
        _verify(session)
    facts = point_facts(session.batches())
    try:
        clocks = session.clocks()
    except UsageError as error:
        click.echo(f"captools: warning: clocks are not compared: {error}", err=True)
        clocks = ClockReport()
    document = documents.info_of(session.sources, facts, clocks, session.warnings)
    shown.emit(document, document["points"], lambda: _text(document, clocks))


def _verify(session: Session) -> None:
    """Raise MalformedCapture for the first file that is not what was captured or decoded."""
    from captools.store.files import sha256_of

    for one in session.opened.loaded:
        now, then = sha256_of(Path(one.source.path)), one.noted or one.rows.sha256
        if now != then:
            raise MalformedCapture(
                f"{safe(one.source.path)}: its sha256 is {now[:16]}…, noted was {then[:16]}…",
                hint="the file was changed since; take it from the node or a copy again",
            )


def _text(document: dict[str, Any], report: ClockReport) -> str:
    from captools.model.units import size
    from captools.views import clocks
    from captools.views.text import table

    header = (
        "point",
        "packets",
        "bytes",
        "first (UTC)",
        "last (UTC)",
        "captured",
        "received",
        "dropped",
        "clock",
        "file",
    )
    rows = [
        (
            one["point"], one["packets"], size(one["bytes"]), (one["first"] or "")[11:26], (one["last"] or "")[11:26],
            one["tool_counts"]["captured"], one["tool_counts"]["received"], one["tool_counts"]["dropped"],
            _clock(one), one["file"],
        )
        for one in document["points"]
    ]  # fmt: skip
    text = table(header, rows, most=120)
    if len(report.offsets) < 2:
        return text
    lines = [f"captools: note: {safe(note)}" for note in clocks.notes(report)]
    return "\n".join([text, "", table(clocks.COLUMNS, clocks.rows(report.offsets), most=120), *lines])


def _clock(one: dict[str, Any]) -> str:
    from captools.model.units import duration
    from captools.views.clocks import ahead

    offset, error = one["offset_ns"], one["offset_error_ns"]
    if not isinstance(offset, int) or not isinstance(error, int):
        return "unknown"
    if one["offset_method"] == "reference":
        return "reference"
    return f"{ahead(offset, error)} ±{duration(error)}"
