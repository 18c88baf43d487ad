"""``captools nodes``: which nodes can be captured on, and whether they answer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from captools.cli.progress import columns
from captools.collect.clean import clean
from captools.collect.facts import NodeFacts
from captools.collect.places import known_nodes
from captools.collect.reach import reach
from captools.collect.targets import Target
from captools.model.errors import CaptoolsError, ExitCode, UsageError

MAX_AT_ONCE = 16


@click.command("nodes", epilog="Example: captools nodes --check")
@click.option("--config", type=click.Path(path_type=Path), help="The captools.toml to read.")
@click.option("--check", is_flag=True, help="Reach every node and say what it can do.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(config: Path | None, check: bool, as_json: bool) -> int:
    """Show the nodes of captools.toml: name, transport, address, role; with --check, whether they answer.

    \b
    A captools.toml looks like this (paths are relative to it):
      [cluster]
      inventory = "inventory"
      [nodes.k8s-w1]
      address = "192.168.10.101"
      user = "root"
      key = "ssh/id_ed25519"
    """
    known = known_nodes(config)
    if known is None:
        raise UsageError(
            "no captools.toml was found", hint="write one (captools nodes --help shows it), or start a lab"
        )
    click.echo(f"captools: nodes from {known.path}", err=True)
    answers: list[NodeFacts | CaptoolsError | None] = [None] * len(known.targets)
    if check:
        answers = _ask(known.targets)
    if as_json:
        click.echo(json.dumps({"schema": 1, "config": str(known.path), "nodes": _documents(known.targets, answers)}))
    else:
        header = ("NODE", "TRANSPORT", "WAY", "ROLE") + (("STATE",) if check else ())
        rows = [header]
        for target, answer in zip(known.targets, answers, strict=True):
            row = (clean(target.name, 60), target.transport, clean(target.way, 80), target.role)
            rows.append(row + ((_state(answer),) if answer is not None else ()))
        click.echo("\n".join(columns(rows, left=4)))
    failed = any(isinstance(answer, CaptoolsError) for answer in answers)
    return ExitCode.NODE_FAILED if failed else ExitCode.FINE


def _ask(targets: tuple[Target, ...]) -> list[NodeFacts | CaptoolsError | None]:
    def one(target: Target) -> NodeFacts | CaptoolsError | None:
        try:
            return reach(target)
        except CaptoolsError as error:
            return error

    with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
        return list(pool.map(one, targets))


def _state(answer: NodeFacts | CaptoolsError) -> str:
    if isinstance(answer, CaptoolsError):
        return str(answer)
    tools = ", ".join(clean(line, 40) for line in answer.tools.values()) or "no capture tool is installed"
    rights = "" if answer.euid == 0 else f"; not root ({answer.sudo_said or 'no sudo'})"
    return f"ok: {tools}; {len(answer.interfaces)} interfaces{rights}"


def _documents(targets: tuple[Target, ...], answers: list[NodeFacts | CaptoolsError | None]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for target, answer in zip(targets, answers, strict=True):
        row: dict[str, object] = {
            "name": target.name,
            "transport": target.transport,
            "address": target.address,
            "way": target.way,
            "role": target.role,
        }
        if isinstance(answer, CaptoolsError):
            row |= {"ok": False, "error": str(answer)}
        elif answer is not None:
            interfaces = [one.name for one in answer.interfaces]
            row |= {"ok": True, "system": answer.system, "tools": answer.tools, "interfaces": interfaces}
        rows.append(row)
    return rows
