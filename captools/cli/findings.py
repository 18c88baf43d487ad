"""captools findings."""

from __future__ import annotations

import click

from captools.cli.common import Asked, Shown, fail_on, format_options, source_options


@click.command("findings", epilog="Example: captools findings captures/sessions/20261120T101500Z --fail-on error")
@source_options
@format_options
@click.option("--fail-on", "fail", type=click.Choice(["error", "warning"]), help="Exit with 1 if there is one.")
@click.pass_context
def command(
    ctx: click.Context,
    asked: Asked,
    shown: Shown,
    fail: str | None,
) -> None:
    """Say what went wrong, how sure that is, and which frames prove it."""
    from captools.views import documents
    from captools.views.findings import as_text

    analysis = asked.load()
    document = documents.findings(analysis)
    shown.emit(document, document["findings"], lambda: as_text(analysis))
    grave = {"error": ("error",), "warning": ("error", "warning")}.get(fail or "", ())
    fail_on(ctx, any(one.severity.value in grave for one in analysis.findings))
