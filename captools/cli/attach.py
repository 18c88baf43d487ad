"""``captools attach``: watch a capture that was left on its nodes, and bring home what comes."""

from __future__ import annotations

import click

from captools.cli.watching import exit_code, print_result, watched
from captools.collect.detached.again import How, take_up
from captools.collect.detached.register import find


@click.command("attach", epilog="Example: captools attach 20261121T1015")
@click.argument("capture", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(capture: str, as_json: bool) -> int:
    """Take up a capture that was detached, or whose captools was killed.

    ID is the capture's id, its beginning, or its session folder; captools sessions lists them. Packets come home
    until the capture ends. Ctrl-C leaves it running; captools stop ID ends it.
    """
    folder, remote = find(capture)
    manifest = watched(take_up, folder, remote, How.ATTACH)
    if not manifest.complete:
        click.echo(f"captools: it goes on; captools stop {remote.terms.capture} ends it", err=True)
    print_result(manifest, as_json=as_json)
    return exit_code(manifest)
