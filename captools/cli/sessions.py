"""``captools sessions``: captures that have a part on their nodes still: running, detached, or not fetched."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import click

from captools.cli.elsewhere import Elsewhere, elsewhere_options
from captools.cli.progress import columns
from captools.collect.clean import clean
from captools.collect.detached.lying import begun_by, name_of, words_of
from captools.collect.detached.register import controller_of, strayed, unfinished
from captools.collect.detached.remote import load
from captools.collect.targets import Target
from captools.model.errors import CaptoolsError, ExitCode
from captools.model.units import size


@click.command("sessions", epilog="Example: captools sessions --node k8s-w1")
@elsewhere_options
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(where: Elsewhere, as_json: bool) -> int:
    """List this machine's captures that are not home yet; with --node, what lies on nodes, whoever began it."""
    if where.asked:
        return _on_nodes(where, as_json)
    rows = list(_here())
    away = strayed()
    for capture, folder in away.items():
        click.echo(
            f"captools: {clean(capture, 80)}: its session folder {folder} is not there; bring the folder back to fetch "
            f"it, or make a new one of what its nodes have: captools fetch {clean(capture, 80)} --node NAME",
            err=True,
        )
    if as_json:
        click.echo(json.dumps({"schema": 1, "captures": rows}))
    elif rows:
        table = [("CAPTURE", "STATE", "NODES", "POINTS", "SESSION")]
        table += [
            (row["capture"], row["state"], ",".join(row["nodes"]), str(row["points"]), row["session"]) for row in rows
        ]
        click.echo("\n".join(columns(table, left=3)))
        left = [row["capture"] for row in rows if not row["state"].startswith("attached")]
        if left:
            click.echo(f"captools: captools stop {left[0]} ends it and brings it home", err=True)
    elif not away:
        click.echo("captools: everything is home", err=True)
    return ExitCode.FINE


def _here() -> Iterable[dict[str, Any]]:
    for capture, folder in unfinished().items():
        try:
            remote = load(folder)
        except CaptoolsError as error:
            click.echo(f"captools: warning: {error}", err=True)
            continue
        if remote is None:
            continue
        attached = controller_of(folder, remote)
        state = f"attached (process {attached})" if attached else "detached" if remote.detached else "not fetched"
        yield {
            "capture": capture,
            "state": state,
            "nodes": [clean(node.target.name, 60) for node in remote.nodes if not node.home],
            "points": sum(len(node.points) for node in remote.nodes if not node.home),
            "session": str(folder),
        }


def _on_nodes(where: Elsewhere, as_json: bool) -> int:
    lying = where.lying()
    rows = [_row(node.target, one) for node in lying for one in node.captures]
    errors = [sentence for node in lying for sentence in node.errors]
    for sentence in errors:
        click.echo(f"captools: {sentence}", err=True)
    if as_json:
        click.echo(json.dumps({"schema": 1, "captures": rows, "errors": errors}))
    elif rows:
        table = [("NODE", "CAPTURE", "STATE", "POINTS", "ON NODE", "SINCE", "BEGUN BY")]
        table += [
            (row["node"], row["capture"], row["state"], str(row["points"]), size(row["bytes"]), row["age"], row["by"])
            for row in rows
        ]
        click.echo("\n".join(columns(table, left=3)))
        _say_next(rows, where)
    elif not errors:
        click.echo("captools: nothing of captools lies there", err=True)
    return ExitCode.NODE_FAILED if errors else ExitCode.FINE


def _say_next(rows: list[dict[str, Any]], where: Elsewhere) -> None:
    """Name the command that brings home what this machine has no session of."""
    ours = unfinished()
    foreign = [row for row in rows if row["capture"] not in ours]
    if not foreign:
        return
    first = foreign[0]
    named = "--all-nodes" if where.all_nodes else f"--node {first['node']}"
    place = f" --spool-dir {where.spool_dir}" if where.spool_dir else ""
    verb = "stop" if first["state"] == "running" else "fetch"
    click.echo(
        f"captools: no session of this machine: captools {verb} {first['capture']} {named}{place} brings it home; "
        f"captools stop {first['capture']} {named}{place} --discard throws it away",
        err=True,
    )


def _row(target: Target, one: dict[str, Any]) -> dict[str, Any]:
    words = words_of(one)
    spool = one.get("spool") if isinstance(one.get("spool"), dict) else {}
    points = one.get("points") if isinstance(one.get("points"), list) else []
    assert isinstance(spool, dict) and isinstance(points, list)
    running = one.get("keeper") == "alive" and not one.get("stopped_ns")
    ended = str(one.get("stopping") or "") or "ended"
    begun = one.get("started_ns")
    age_s = time.time() - begun / 1e9 if isinstance(begun, int) else None
    used = spool.get("used")
    return {
        "node": clean(target.name, 60),
        "capture": name_of(one),
        "state": "running" if running else f"ended ({clean(ended, 20)})",
        "attached": one.get("attached", 0),
        "points": len(points),
        "bytes": used if isinstance(used, int) else 0,
        "age": _age(age_s) if age_s is not None else "-",
        "by": clean(f"{begun_by(one)} {words.get('session') or ''}", 100),
        "session": clean(str(words.get("session", "")), 300),
    }


def _age(seconds: float) -> str:
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{seconds / length:.0f}{unit}"
    return f"{max(0, seconds):.0f}s"
