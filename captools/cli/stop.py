"""``captools stop``: end a capture that was left on its nodes, and bring all of it home."""

from __future__ import annotations

import click

from captools.cli.watching import exit_code, print_result, watched
from captools.collect.detached.again import How, take_up
from captools.collect.detached.register import find


@click.command("stop", epilog="Example: captools stop 20261121T1015")
@click.argument("capture", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(capture: str, as_json: bool) -> int:
    """End a capture and bring everything home; nothing of it stays on the nodes.

    ID is the capture's id, its beginning, or its session folder; captools sessions lists them.
    """
    folder, remote = find(capture)
    manifest = watched(take_up, folder, remote, How.STOP)
    print_result(manifest, as_json=as_json)
    return exit_code(manifest)
