"""``captools stop``: end a capture that was left on its nodes, and bring all of it home, or throw it away."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from captools.cli.elsewhere import Elsewhere, elsewhere_options, found
from captools.cli.watching import exit_code, print_result, watched
from captools.collect.detached import register
from captools.collect.detached.adopt import discard, pick
from captools.collect.detached.again import How, take_up
from captools.collect.detached.lying import begun_by
from captools.model.errors import ExitCode, UsageError


@click.command("stop", epilog="Example: captools stop 20261121T1015")
@click.argument("capture", metavar="ID")
@elsewhere_options
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="With --node: the session folder to make.")
@click.option("--discard", "throw", is_flag=True, help="With --node: throw it away there; nothing comes home.")
@click.option("--yes", is_flag=True, help="Discard without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(capture: str, where: Elsewhere, out: Path | None, throw: bool, yes: bool, as_json: bool) -> int:
    """End a capture and bring everything home; nothing of it stays on the nodes.

    ID is the capture's id, its beginning, or its session folder; captools sessions lists them.

    A capture of another machine, or whose session folder is gone, is found with --node or --all-nodes: a new
    session is made of what its nodes still have. --discard throws it away on those nodes instead.
    """
    if throw:
        return _discard(capture, where, yes=yes, as_json=as_json)
    if yes:
        raise UsageError("--yes is about --discard, which was not given", hint="leave it out")
    folder, remote = found(capture, where, out, end=True)
    manifest = watched(take_up, folder, remote, How.STOP)
    print_result(manifest, as_json=as_json)
    return exit_code(manifest)


def _discard(name: str, where: Elsewhere, *, yes: bool, as_json: bool) -> int:
    if not where.asked:
        raise UsageError("--discard throws away what named nodes have", hint="add --node NAME or --all-nodes")
    lying = where.lying()
    errors = [sentence for node in lying for sentence in node.errors]
    for sentence in errors:
        click.echo(f"captools: {sentence}", err=True)
    capture, entries = pick(name, lying)
    nodes, by = ", ".join(target.name for target, _ in entries), begun_by(entries[0][1])
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"--discard would throw {capture} away on {nodes} (begun by {by})", hint="add --yes")
        if not click.confirm(f"Throw {capture} (begun by {by}) away on {nodes}, packets and all?", err=True):
            return ExitCode.FINE
    capture, gone, wrong = discard(name, lying, spool_dir=where.spool_dir)
    for sentence in wrong:
        click.echo(f"captools: {sentence}", err=True)
    register.gone_from(capture, gone)
    if as_json:
        click.echo(json.dumps({"schema": 1, "capture": capture, "discarded": gone, "errors": [*errors, *wrong]}))
    elif gone:
        click.echo(f"captools: {capture} is gone from {', '.join(gone)}", err=True)
    return ExitCode.NODE_FAILED if errors or wrong else ExitCode.FINE
