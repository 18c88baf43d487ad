"""captools tui."""

from __future__ import annotations

import sys

import click

from captools.cli.common import Asked, source_options
from captools.model.errors import UsageError


@click.command("tui", epilog="Example: captools tui captures/sessions/20261120T101500Z")
@source_options
@click.pass_context
def command(
    ctx: click.Context,
    asked: Asked,
) -> None:
    """Investigate on screen: findings, requests, and the path through every observation point.

    Press ? for the keys of the screen you are on, q to quit.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "captools tui: needs a terminal, and this is a pipe or a file",
            hint="captools report SOURCE -o report.html writes the same to a file",
        )
    # The two large imports come last: a wrong option must be answered at once.
    from tui.app import InvestigationApp

    app = InvestigationApp(
        asked.analysis,
        f"Reading {', '.join(asked.sources)} …",
    )
    app.run()
    if app.return_code:
        ctx.exit(app.return_code)
