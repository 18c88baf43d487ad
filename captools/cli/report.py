"""captools report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from captools.cli.common import Asked, source_options
from captools.model.errors import UsageError

if TYPE_CHECKING:
    from captools.model.analysis import Analysis
    from captools.report.render import Kind

SUFFIXES = {".html": "html", ".htm": "html", ".md": "md", ".markdown": "md", ".json": "json"}


@click.command("report", epilog="Example: captools report captures/sessions/20261120T101500Z -o report.html")
@source_options
@click.option(
    "-o", "--output", "outputs", multiple=True, required=True, metavar="FILE",
    help="Where to write; .html, .md or .json says what. May be given several times.",
)  # fmt: skip
def command(
    asked: Asked,
    outputs: tuple[str, ...],
) -> None:
    """Write one report file that stands alone: HTML, Markdown or JSON."""
    wanted = [(Path(output), kind_of(output)) for output in outputs]
    for path, _ in wanted:
        # Reading a large session takes a while: say at once what would fail at its end.
        if not path.parent.is_dir():
            raise UsageError(f"{path}: the folder {path.parent} does not exist", hint="create it first")
    analysis = asked.load()
    for path, kind in wanted:
        write_report(analysis, path, kind)
        click.echo(f"captools: wrote {path} ({path.stat().st_size:,} bytes)", err=True)


def kind_of(output: str) -> Kind:
    """Return the kind of report that a file name asks for; UsageError for any other suffix."""
    suffix = Path(output).suffix.lower()
    if suffix not in SUFFIXES:
        found = f"the suffix {suffix!r}" if suffix else "no suffix"
        raise UsageError(f"{output}: {found} names no kind of report", hint="write FILE.html, FILE.md or FILE.json")
    kind: Kind = SUFFIXES[suffix]  # type: ignore[assignment]  # the values are the kinds
    return kind


def write_report(analysis: Analysis, path: Path, kind: Kind) -> None:
    """Write one report, whole or not at all; UsageError where the place cannot be written to."""
    from captools.registry import additions
    from captools.report import sections
    from captools.report.document import SectionRule
    from captools.report.render import render
    from captools.store.atomic import write_text

    write_text(path, render(analysis, kind, additions(sections, "SECTION", SectionRule)))
