"""captools info."""

from __future__ import annotations

import click

from captools.cli.common import Asked, Shown, format_options, source_options


@click.command("info", epilog="Example: captools info captures/sessions/20261120T101500Z")
@source_options
@format_options
def command(
    asked: Asked,
    shown: Shown,
) -> None:
    """Show every observation point: packets, bytes, times, the tool's own counts, damage and clock offset."""
    from captools.model.units import duration, size
    from captools.views import documents
    from captools.views.text import table

    analysis = asked.load()
    document = documents.info(analysis)

    def text() -> str:
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
        return table(header, rows, most=120)

    def _clock(one: dict[str, object]) -> str:
        offset, error = one["offset_ns"], one["offset_error_ns"]
        if not isinstance(offset, int):
            return "unknown"
        if one["offset_method"] == "reference":
            return "reference"
        return f"{duration(offset)} ±{duration(error if isinstance(error, int) else None)}"

    shown.emit(document, document["points"], text)
