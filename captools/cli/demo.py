"""captools demo: the main job from end to end, on the lab where it can run, else on the reference captures."""

from __future__ import annotations

import time
from pathlib import Path

import click

from captools.model.errors import CaptureFailed, ToolMissing, UsageError

SCENARIO = "demo"
REFERENCE = "s8-ingress-dedicated-snat"
REPORTS = ("report.html", "report.md")


@click.command("demo", epilog="Example: sudo captools demo --out demo")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"), show_default=True,
    help="Folder for the session and the reports of this run.",
)  # fmt: skip
def command(out: Path) -> None:
    """Build a cluster of network namespaces, send a request through it, capture on every node, and explain it.

    Without root, or where namespaces cannot be had, the same investigation runs on captures that come with captools.
    """
    folder = out / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out}: cannot be made ({error.strerror})", hint="choose another place with --out") from error
    session = _from_the_lab(folder) or _from_the_reference(folder)
    _investigate(session, folder)


def _say(text: str) -> None:
    click.secho(f"demo: {text}", err=True, fg="cyan")


def _from_the_lab(folder: Path) -> Path | None:
    """Capture a fresh session on the lab; None, with one line that says why, where the lab cannot run."""
    from captools.lab.catalogue import scenario_called
    from captools.lab.preflight import require
    from captools.lab.record import record

    scenario = scenario_called(SCENARIO)
    try:
        require(scenario.mode, offloads=True)
    except (ToolMissing, CaptureFailed, UsageError) as reason:
        _say(f"no lab here ({reason.message}); showing the reference captures instead")
        return None
    record(scenario, folder, name="demo", say=_say, command=("captools", "demo"))
    return folder


def _from_the_reference(folder: Path) -> Path:
    from captures import case

    folder.mkdir(parents=True)
    _say(f"reading the reference case {REFERENCE}")
    return case(REFERENCE).folder


def _investigate(session: Path, folder: Path) -> None:
    """Print the requests, the path of one, and the findings; write the reports."""
    from captools.cli.report import kind_of, write_report
    from captools.pipeline import open_session
    from captools.views import tables
    from captools.views.findings import as_text
    from captools.views.story import through_proxy
    from captools.views.text import safe, table

    analysis = open_session([session]).analysis
    click.echo(f"\n$ captools requests {session}")
    click.echo(table(tables.REQUESTS, tables.requests(analysis)))
    click.echo(f"\n$ captools paths {session}      (one request, from the client to the pod and back)")
    for line in through_proxy(analysis):
        click.echo(safe(line))
    click.echo(f"\n$ captools findings {session}")
    click.echo(as_text(analysis))
    click.echo("")
    for name in REPORTS:
        write_report(analysis, folder / name, kind_of(name))
        click.echo(f"wrote {folder / name}")
    click.echo(f"look around in it: captools tui {session}")
