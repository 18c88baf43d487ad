"""captools encryption."""

from __future__ import annotations

import click

from captools.cli.common import emit, fail_on, format_options, load, source_options


@click.command("encryption", epilog="Example: captools encryption captures/sessions/20261120T101500Z --fail-on leaking")
@source_options
@format_options
@click.option(
    "--fail-on", "fail", type=click.Choice(["leaking", "unknown"]), help="Exit with 1 on that verdict or worse."
)
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[str, ...],
    inventory: tuple[str, ...],
    expect_encryption: bool,
    tunnel_port: tuple[int, ...],
    form: str,
    as_json: bool,
    output: str | None,
    fail: str | None,
) -> None:
    """Tell what WireGuard carried between nodes, what crossed in the clear, and what could not be seen."""
    from captools.views import documents
    from captools.views.encryption import as_text

    analysis = load(sources, inventory, expect_encryption, tunnel_port)
    document = documents.encryption(analysis)
    emit("json" if as_json else form, document, document["pairs"], lambda: as_text(analysis), output)
    bad = {"leaking": ("leaking",), "unknown": ("leaking", "unknown", "not-encrypted")}.get(fail or "", ())
    fail_on(ctx, analysis.encryption.verdict.value in bad)
