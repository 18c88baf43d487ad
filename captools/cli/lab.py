"""``captools lab``: a real cluster of network namespaces on this machine, and scenarios to drive through it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

MODES = ("native", "native-broken", "vxlan", "wireguard", "wireguard-leak")


def _say(text: str) -> None:
    click.echo(f"lab: {text}", err=True)


@click.group()
def command() -> None:
    """Run a real cluster of network namespaces on this machine (as root).

    \b
    Example:
      captools lab up --mode vxlan
      captools capture --node k8s-w1 --duration 10s
      captools lab down
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the scenarios, and the labs that are up. Example: captools lab list"""
    from captools.lab import state
    from captools.lab.catalogue import catalogue

    scenarios = [
        {
            "id": one.id,
            "mode": one.mode.value,
            "title": one.title,
            "expected": [each.to_json() for each in one.expected],
        }
        for one in catalogue().values()
    ]
    labs = [
        {"name": lab.name, "mode": lab.mode, "running": lab.running, "config": str(folder / "captools.toml")}
        for folder, lab in state.known()
    ]
    if as_json:
        _print_json({"schema": 1, "scenarios": scenarios, "labs": labs})
        return
    click.echo("Scenarios:")
    for scenario in scenarios:
        click.echo(f"  {scenario['id']:<28} {scenario['mode']:<15} {scenario['title']}")
    click.echo("Labs:" if labs else "No lab is up; start one with: captools lab up")
    for lab in labs:
        how = "running" if lab["running"] else f"left behind; remove it with: captools lab down --name {lab['name']}"
        click.echo(f"  {lab['name']:<28} {lab['mode']:<15} {how} ({lab['config']})")


@command.command()
@click.option("--mode", type=click.Choice(MODES), default="native", show_default=True, help="How pod packets travel.")
@click.option("--name", default="default", show_default=True, help="Name of the lab; labs run side by side.")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Where its files go.")
@click.option("--endpoint-routes/--no-endpoint-routes", default=False, show_default=True, help="As in Cilium.")
@click.option("--offloads/--no-offloads", default=True, show_default=True, help="Keep the kernel's offloads.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def up(mode: str, name: str, directory: Path | None, endpoint_routes: bool, offloads: bool, as_json: bool) -> None:
    """Bring a cluster up and leave it running. Example: captools lab up --mode vxlan"""
    from captools.lab.cluster import Lab
    from captools.lab.topology import Mode

    lab = Lab(mode=Mode(mode), name=name, directory=directory, endpoint_routes=endpoint_routes, offloads=offloads)
    lab.up()
    lab.keep()
    if as_json:
        _print_json({"schema": 1, "name": name, "mode": mode, "config": str(lab.config_file)})
        return
    click.echo(str(lab.config_file))
    _say(f"{name} is up; capture with: captools capture --config {lab.config_file} --node k8s-w1")
    _say(f"log in with: ssh -F {lab.directory / 'ssh' / 'config'} k8s-w1")
    _say(f"take it down with: captools lab down --name {name}")


@command.command()
@click.option("--name", default="default", show_default=True, help="Name of the lab.")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Where its files are.")
@click.option("--all", "everything", is_flag=True, help="Every lab of this user.")
def down(name: str, directory: Path | None, everything: bool) -> None:
    """Take a lab down: its processes, namespaces and files. Example: captools lab down --all"""
    from captools.lab import state

    folders = [folder for folder, _ in state.known()] if everything else [directory or state.folder_of(name)]
    for folder in folders:
        gone = state.remove(folder)
        _say(f"{gone.name} is down" if gone else f"no lab in {folder}; nothing to do")


@command.command()
@click.argument("scenario")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--name", default="record", show_default=True, help="Name of the lab meanwhile.")
@click.option(
    "--skew",
    "skews",
    multiple=True,
    metavar="NODE=OFFSET[,DRIFT]",
    help="Make a node's clock run wrong, by rewriting its stamps afterwards: k8s-w1=+250ms,+20ppm. Repeatable.",
)
def record(scenario: str, out: Path, name: str, skews: tuple[str, ...]) -> None:
    """Record SCENARIO as a reference case: captures, inventory, case.toml. Example: captools lab record s8 -o s8"""
    _record(scenario, out, name, skews)


@command.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO…|all")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for the sessions; else the default place.")
@click.option("--name", default="run", show_default=True, help="Name of the labs meanwhile.")
@click.option("--jobs", type=click.IntRange(1, 16), default=4, show_default=True, help="Labs at a time.")
@click.option("--long", "with_long", is_flag=True, help="With all: also those that take minutes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--strict", is_flag=True, help="Exit with 1 unless every scenario says what it must and nothing else.")
def run(
    scenarios: tuple[str, ...], out: Path | None, name: str, jobs: int, with_long: bool, as_json: bool, strict: bool
) -> None:
    """Run scenarios and print a scoreboard: what captools must say of each, what it says, what is missing or false.

    \b
    Example:
      captools lab run s1
      captools lab run all --jobs 4
    """
    import sys

    from captools.lab import board
    from captools.lab.catalogue import catalogue, scenario_called
    from captools.lab.scoreboard import run_all

    chosen = {one.id: one for text in scenarios if text != "all" for one in [scenario_called(text)]}
    if "all" in scenarios:
        chosen |= {one.id: one for one in catalogue().values() if with_long or not one.long}
    out = out or _default_folder()
    scores = []
    for one in run_all(list(chosen.values()), out, jobs=jobs, name=name, say=_say):
        _say(f"{one.scenario}: {'right' if one.right else 'WRONG'}")
        scores.append(one)
    scores.sort(key=lambda one: list(chosen).index(one.scenario))
    if as_json:
        _print_json({"schema": 1, "folder": str(out), "scores": [one.to_json() for one in scores]})
    else:
        click.echo(board.as_text(scores))
    first = scores[0].scenario
    _say(f"the sessions are in {out}; look at one with: captools findings {out / first}")
    if strict and not all(one.right for one in scores):
        sys.exit(1)


def _default_folder() -> Path:
    import os
    import time

    from captools.store.layout import default_root, session_name

    return default_root(Path.cwd(), os.environ) / session_name(time.time_ns())


def _record(scenario: str, out: Path, name: str, skews: tuple[str, ...]) -> None:
    import sys

    from captools.lab.catalogue import scenario_called
    from captools.lab.record import record as record_scenario
    from captools.lab.skew import read_skews

    done = record_scenario(
        scenario_called(scenario),
        out,
        name=name,
        say=_say,
        command=("captools", *sys.argv[1:]),
        skews=read_skews(skews),
    )
    click.echo(str(done.folder))


def _print_json(document: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(document, indent=1))
