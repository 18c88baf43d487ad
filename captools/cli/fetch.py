"""``captools fetch``: bring home what a capture has on its nodes by now."""

from __future__ import annotations

from pathlib import Path

import click

from captools.cli.elsewhere import Elsewhere, elsewhere_options, found
from captools.cli.watching import exit_code, print_result, watched
from captools.collect.detached.again import How, take_up


@click.command("fetch", epilog="Example: captools fetch 20261121T1015")
@click.argument("capture", metavar="ID")
@elsewhere_options
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="With --node: the session folder to make.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(capture: str, where: Elsewhere, out: Path | None, as_json: bool) -> int:
    """Bring home what lies on the nodes now; a capture that runs goes on, one that has ended is completed.

    ID is the capture's id, its beginning, or its session folder. What is home already is not sent again.

    A capture of another machine, or whose session folder is gone, is found with --node or --all-nodes: a new
    session is made of what its nodes still have.
    """
    folder, remote = found(capture, where, out, end=False)
    manifest = watched(take_up, folder, remote, How.FETCH)
    if not manifest.complete and exit_code(manifest) == 0:
        click.echo(f"captools: it goes on; captools stop {remote.terms.capture} ends it", err=True)
    print_result(manifest, as_json=as_json)
    return exit_code(manifest)
