"""``captools nodes``: which nodes can be captured on, how each is reached, what would work there and what to fix."""

from __future__ import annotations

import json
from pathlib import Path

import click

from captools.cli.progress import columns
from captools.cli.targets import kube_options
from captools.collect.clean import clean
from captools.collect.kube.access import find_access
from captools.collect.kube.nodes import kube_nodes
from captools.collect.places import known_nodes, pick_targets
from captools.collect.quantities import seconds, shown_bytes
from captools.collect.readiness import ROLES, Readiness, interfaces_of, may_capture, readiness, versions
from captools.collect.survey import Surveyed, survey
from captools.collect.targets import Target
from captools.model.errors import ExitCode, UsageError


@click.command("nodes", epilog="Example: captools nodes --node k8s-w1 -v")
@click.option("--node", "names", multiple=True, metavar="NAME", help="Only this one; may be given several times.")
@click.option("--config", type=click.Path(path_type=Path), help="The captools.toml to read.")
@click.option("--check/--no-check", default=True, help="Reach every node (default), or list them only.")
@click.option("--timeout", default="15s", show_default=True, metavar="TIME", help="How long one may take to answer.")
@click.option("-v", "--verbose", is_flag=True, help="Name the interfaces.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@kube_options
def command(
    names: tuple[str, ...],
    config: Path | None,
    check: bool,
    timeout: str,
    verbose: bool,
    as_json: bool,
    kubectl: bool | None,
    context: str,
    kubeconfig: Path | None,
) -> int:
    """Show the nodes of captools.toml, or of kubectl's cluster: tools, interfaces, clock, rights, and what to fix.

    Nothing is started or installed on a node. The exit code is 4 where one of them cannot be captured on (STATE no).

    \b
    A captools.toml looks like this (paths are relative to it):
      [cluster]
      inventory = "inventory"
      [nodes.k8s-w1]
      address = "192.168.10.101"
      user = "root"
      key = "ssh/id_ed25519"
    """
    wait_s = seconds(timeout)
    targets, where = _targets(names, config, kubectl, context, kubeconfig)
    for sentence in where:
        click.echo(f"captools: {sentence}", err=True)
    found = survey(targets, timeout_s=wait_s) if check else []
    judged = [readiness(one) for one in found]
    if as_json:
        rows = [_document(one, judge) for one, judge in zip(found, judged, strict=True)] or [
            _named(target) for target in targets
        ]
        # One key of two: the file, or the sentence that says where nodes are known from.
        file = known_nodes(config)
        click.echo(json.dumps({"schema": 1, "config": str(file.path) if file else "", "nodes": rows}))
    elif check:
        click.echo("\n".join(_table(found, judged, verbose=verbose)))
    else:
        rows_of = [(clean(one.name, 60), one.transport, clean(one.way, 80), one.role) for one in targets]
        click.echo("\n".join(columns([("NODE", "TRANSPORT", "WAY", "ROLE"), *rows_of], left=4)))
    return ExitCode.NODE_FAILED if any(judge.state == "no" for judge in judged) else ExitCode.FINE


def _targets(
    names: tuple[str, ...], config: Path | None, kubectl: bool | None, context: str, kubeconfig: Path | None
) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Return the nodes to show, and where they are known from."""
    known = known_nodes(config) if not (context or kubeconfig or kubectl) else None
    if names:
        return pick_targets(known, names)
    if known is not None:
        return known.targets, (f"nodes from {known.path}",)
    access = find_access(wanted=kubectl, context=context, kubeconfig=kubeconfig)
    if access is None:
        raise UsageError(
            "no captools.toml was found, and kubectl has no context",
            hint="write one (captools nodes --help shows it), give --node NAME for an ssh host, or start a lab",
        )
    return kube_nodes(kubeconfig, context), (f"nodes by {access.shown}",)


def _table(found: list[Surveyed], judged: list[Readiness], *, verbose: bool) -> list[str]:
    """Return one line per node, and below it what to fix."""
    rows = [("NODE", "WAY", "STATE", "TOOLS", "INTERFACES", "CLOCK", "RIGHTS", "SPOOL")]
    for one, judge in zip(found, judged, strict=True):
        name, way = clean(one.target.name, 60), clean(one.target.way, 60)
        if one.error is not None:
            rows.append((name, way, judge.state, "-", "-", "-", "-", "-"))
            continue
        rows.append((name, way, judge.state, _tools(one), _counts(one), _clock(judge), _rights(one), _spool(one)))
    lines = columns(rows, left=8)
    shown = [lines[0]]
    for line, one, judge in zip(lines[1:], found, judged, strict=True):
        shown.append(line)
        if verbose:
            named = {role: interfaces_of(one).get(role, []) for role in ROLES}
            shown += [f"    {role.value}: {', '.join(map(clean, some))}" for role, some in named.items() if some]
        shown += [f"    {clean(sentence)}" for sentence in judge.fixes]
    return shown


def _tools(one: Surveyed) -> str:
    return ", ".join(f"{name} {clean(version, 20)}" for name, version in versions(one).items()) or "none"


def _counts(one: Surveyed) -> str:
    by_role = interfaces_of(one)
    found = [f"{len(by_role[role])} {role.value}" for role in ROLES if role in by_role]
    return ", ".join(found) or f"{len(one.facts.interfaces)} other"


def _clock(judge: Readiness) -> str:
    if judge.offset_ns is None or judge.offset_error_ns is None:
        return "-"
    unit, name = (1e9, "s") if abs(judge.offset_ns) >= 1e9 else (1e6, "ms")
    return f"{judge.offset_ns / unit:+.1f} ±{judge.offset_error_ns / unit:.1f} {name}"


def _rights(one: Surveyed) -> str:
    who = "root" if one.facts.euid == 0 else "user"
    return who if may_capture(one) else f"{who}, no capture" if may_capture(one) is False else f"{who}, unsure"


def _spool(one: Surveyed) -> str:
    if not one.python:
        return "none, no python"
    return shown_bytes(one.spool_free) if one.spool_free is not None else "-"


def _named(target: Target) -> dict[str, object]:
    return {
        "name": target.name,
        "transport": target.transport,
        "address": target.address,
        "way": target.way,
        "role": target.role,
    }


def _document(one: Surveyed, judge: Readiness) -> dict[str, object]:
    row = {**_named(one.target), "ok": one.error is None, "state": judge.state, "advice": list(judge.fixes)}
    if one.error is not None:
        return row | {"error": str(one.error)}
    return row | {
        "system": one.facts.system,
        "python": one.python or None,
        "tools": one.facts.tools,
        "versions": versions(one),
        "libpcap": one.facts.libpcap or None,
        "interfaces": [each.name for each in one.facts.interfaces],
        "roles": {role.value: names for role, names in interfaces_of(one).items()},
        "root": one.facts.euid == 0,
        "may_capture": may_capture(one),
        "clock_offset_ns": judge.offset_ns,
        "clock_error_ns": judge.offset_error_ns,
        "spool_free_bytes": one.spool_free,
        "captures": [str(each.get("capture", "")) for each in one.captures],
    }
