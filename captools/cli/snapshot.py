"""``captools snapshot``: the last minutes of a capture that goes on, as a session of their own."""

from __future__ import annotations

from pathlib import Path

import click

from captools.cli.watching import exit_code, print_result
from captools.collect.detached.register import find
from captools.collect.detached.snapshot import snapshot
from captools.collect.quantities import seconds


@click.command("snapshot", epilog="Example: captools snapshot 20261121T1015 --last 2m --out event")
@click.argument("capture", metavar="ID")
@click.option("--last", default="2m", show_default=True, metavar="TIME", help="How far back.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The session folder to make.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(capture: str, last: str, out: Path | None, as_json: bool) -> int:
    """Bring home what every point saw in the last minutes; the capture goes on.

    Meant for captures that were begun with --ring and left with --detach. ID is the capture's id, its beginning,
    or its session folder. A point's packets may begin a few seconds earlier than asked.
    """
    folder, remote = find(capture)
    manifest = snapshot(
        folder, remote, seconds(last), out, lambda sentence: click.echo(f"captools: {sentence}", err=True)
    )
    print_result(manifest, as_json=as_json)
    return exit_code(manifest)
