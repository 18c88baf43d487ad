"""``captools sessions``: captures that have a part on their nodes still: running, detached, or not fetched."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from captools.cli.progress import columns
from captools.collect.clean import clean
from captools.collect.detached.register import controller_of, strayed, unfinished
from captools.collect.detached.remote import load
from captools.collect.detached.visit import Visit
from captools.collect.failures import NothingThere
from captools.collect.places import known_nodes, pick_targets
from captools.collect.targets import Target
from captools.model.errors import CaptoolsError, ExitCode, UsageError
from captools.model.units import size

MAX_AT_ONCE = 16


@click.command("sessions", epilog="Example: captools sessions --node k8s-w1")
@click.option("--node", "nodes", multiple=True, metavar="NAME", help="Ask this node what lies there.")
@click.option("--all-nodes", is_flag=True, help="Ask every node of captools.toml.")
@click.option("--config", type=click.Path(path_type=Path), help="The captools.toml to read.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(nodes: tuple[str, ...], all_nodes: bool, config: Path | None, as_json: bool) -> int:
    """List this machine's captures that are not home yet; with --node, what lies on nodes, whoever began it."""
    if nodes or all_nodes:
        return _on_nodes(nodes, all_nodes, config, as_json)
    rows = list(_here())
    away = strayed()
    for capture, folder in away.items():
        click.echo(
            f"captools: {clean(capture, 80)}: its session folder {folder} is not there; bring the folder back to fetch "
            "it; captools sessions --node NAME shows what rests on a node, which goes a day after the capture's end",
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
            click.echo(f"captools: captools stop {left[0]} ends it and brings it home; so for each", err=True)
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


def _on_nodes(names: tuple[str, ...], all_nodes: bool, config: Path | None, as_json: bool) -> int:
    known = known_nodes(config)
    if all_nodes and known is None:
        raise UsageError("--all-nodes needs a captools.toml", hint="name nodes with --node, or write one")
    targets, said = pick_targets(known, names) if names else ((), ())
    if all_nodes and known is not None:
        targets = tuple(dict.fromkeys((*targets, *known.targets)))
    for sentence in said:
        click.echo(f"captools: {sentence}", err=True)
    with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
        answers = list(pool.map(_ask, targets))
    rows = [row for found, _ in answers for row in found]
    errors = [sentence for _, trouble in answers for sentence in trouble]
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
    elif not errors:
        click.echo("captools: nothing of captools lies there", err=True)
    return ExitCode.NODE_FAILED if errors else ExitCode.FINE


def _ask(target: Target) -> tuple[list[dict[str, Any]], list[str]]:
    try:
        with Visit(target) as visit:
            captures, refused = visit.captures()
            hostname = visit.hello.get("hostname")
    except NothingThere:
        return [], []
    except CaptoolsError as error:
        return [], [str(error)]
    # Nodes that are containers or namespaces may share one disk: each shows its own.
    here = [one for one in captures if _words(one).get("hostname", hostname) == hostname]
    return [_row(target, one) for one in here], [f"{target.name}: {sentence}" for sentence in refused]


def _words(one: dict[str, Any]) -> dict[str, Any]:
    """Return what its controller said of itself."""
    words = one.get("words")
    return words if isinstance(words, dict) else {}


def _row(target: Target, one: dict[str, Any]) -> dict[str, Any]:
    words = _words(one)
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
        "capture": clean(str(words.get("capture") or one.get("capture", "")), 80),
        "state": "running" if running else f"ended ({clean(ended, 20)})",
        "attached": one.get("attached", 0),
        "points": len(points),
        "bytes": used if isinstance(used, int) else 0,
        "age": _age(age_s) if age_s is not None else "-",
        "by": clean(f"{words.get('user') or '?'}@{words.get('host') or '?'} {words.get('session') or ''}", 100),
        "session": clean(str(words.get("session", "")), 300),
    }


def _age(seconds: float) -> str:
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{seconds / length:.0f}{unit}"
    return f"{max(0, seconds):.0f}s"
