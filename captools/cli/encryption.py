"""captools encryption."""

from __future__ import annotations

import click

from captools.cli.common import Asked, Shown, fail_on, format_options, source_options


@click.command("encryption", epilog="Example: captools encryption captures/sessions/20261120T101500Z --fail-on leaking")
@source_options
@format_options
@click.option(
    "--fail-on", "fail", type=click.Choice(["leaking", "unknown"]), help="Exit with 1 on that verdict or worse."
)
@click.pass_context
def command(
    ctx: click.Context,
    asked: Asked,
    shown: Shown,
    fail: str | None,
) -> None:
    """Tell what WireGuard carried between nodes, what crossed in the clear, and what could not be seen."""
    from captools.views import documents
    from captools.views.encryption import as_text

    analysis = asked.load()
    document = documents.encryption(analysis)
    shown.emit(document, document["pairs"], lambda: as_text(analysis))
    bad = {"leaking": ("leaking",), "unknown": ("leaking", "unknown", "not-encrypted")}.get(fail or "", ())
    fail_on(ctx, analysis.encryption.verdict.value in bad)
