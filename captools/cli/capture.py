"""``captools capture``: parse, run one capture, print, exit code."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import click

from captools.cli.along import Along, Wished, understand_until
from captools.cli.spooling import spool_options
from captools.cli.targets import TargetWishes, print_plan, target_options
from captools.cli.watching import exit_code, print_result, watched
from captools.collect.planning.preview import preview
from captools.collect.quantities import byte_count, seconds
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.spooling import SpoolWish
from captools.collect.tools import TOOLS
from captools.model.errors import ExitCode, UsageError


@click.command(
    "capture",
    epilog="Example: captools capture --node k8s-w1 --node router -f 'port 8472 or icmp' --duration 30s",
)
@target_options
@click.option("-f", "--bpf", default="", metavar="BPF", help="Capture filter (man pcap-filter).")
@click.option("--match", default="", metavar="REGEX", help="Keep packets whose payload matches (ngrep).")
@click.option("--tool", type=click.Choice(TOOLS), help="Default: tcpdump, or ngrep with --match.")
@click.option("--duration", metavar="TIME", help="Stop by itself after 30s, 5m, 1h.")
@click.option("--snaplen", type=int, metavar="BYTES", help="Keep only the first bytes of every packet.")
@click.option("--buffer", "ring", default="256MiB", show_default=True, metavar="SIZE", help="Ring memory per node.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The session folder to make.")
@click.option("-w", "live", metavar="-", help="With -: all points as one pcapng to stdout; keep nothing.")
@click.option("--until", metavar="WHAT", help="Stop after a match: a display filter, or a regex over the bytes.")
@click.option("--after", metavar="TIME", help="With --until: go on for so long after the match.")
@click.option("--follow", is_flag=True, help="Print packets as they come; the session is kept.")
@click.option("--detach", is_flag=True, help="Leave once it runs; captools sessions, attach, fetch and stop find it.")
@spool_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    chosen: TargetWishes,
    bpf: str,
    match: str,
    tool: str | None,
    duration: str | None,
    snaplen: int | None,
    ring: str,
    out: Path | None,
    live: str | None,
    until: str | None,
    after: str | None,
    follow: bool,
    detach: bool,
    wish: SpoolWish,
    as_json: bool,
) -> int:
    """Capture on one or many nodes at once and bring everything back into one session folder.

    Without -i, --role, a pod or --request, every node's own roles decide: network cards towards other nodes and
    the outside, tunnel, WireGuard and pod devices. The plan is printed first; --plan stops there.

    Packets rest on the node until they are home, so a cut connection loses none. Ctrl-C stops cleanly and keeps
    everything; a second Ctrl-C stops sooner, and leaves what has not come home within 5 s to captools fetch.

    With --detach or --ring the nodes look for --until by themselves: each stops at its own match, the others go on.
    """
    if live not in (None, "-"):
        raise UsageError(f"-w {live}: only - is possible", hint="name a session folder with --out instead")
    if live is not None and (as_json or out is not None):
        raise UsageError("-w - streams packets to stdout and keeps nothing", hint="leave out --json and --out")
    if live is not None and sys.stdout.isatty():
        raise UsageError("-w - would write packets to the terminal", hint="pipe it: … -w - | wireshark -k -i -")
    if follow and (live is not None or as_json):
        raise UsageError("--follow prints rows to stdout", hint="leave out -w - and --json")
    if detach and (follow or live is not None):
        raise UsageError("--detach leaves nobody here to read along", hint="leave out --follow and -w -")
    on_node = detach or wish.ring
    event, sentence = understand_until(until, seconds(after) if after is not None else None, on_node=on_node)
    if sentence:
        click.echo(f"captools: {sentence}", err=True)
    after_s = seconds(after) if after is not None else 0.0
    resolved = chosen.resolve()
    for sentence in resolved.said:
        click.echo(f"captools: {sentence}", err=True)
    request = CaptureRequest(
        **resolved.fields,
        bpf=bpf,
        match=match,
        tool=tool or ("ngrep" if match else "tcpdump"),
        duration_s=seconds(duration) if duration is not None else None,
        snaplen=snaplen,
        buffer_bytes=byte_count(ring),
        out=out,
        command=("captools", *sys.argv[1:]),
        live=live is not None or follow or event is not None,
        keep=live is None,
        spool=wish,
        detach=detach,
        until_regex=event.expression if event is not None and on_node else "",
        until_after_s=after_s if on_node else 0.0,
    )
    if chosen.plan_only:
        plan, silent = preview(request)
        print_plan(plan, request, silent, as_json=as_json)
        return ExitCode.NODE_FAILED if silent else ExitCode.FINE
    stop = threading.Event()
    wished = Wished(
        live_fd=sys.stdout.fileno() if live is not None else None,
        event=None if on_node else event,
        after_s=after_s,
        follow=follow,
    )
    along = Along(wished, stop)
    try:
        manifest = watched(
            capture,
            request,
            stop=stop,
            news=along.news,
            sinks=along.sinks,
            decide=lambda plan: chosen.decide(plan, request),
        )
    finally:
        for sentence in along.end():
            click.echo(f"captools: {sentence}", err=True)
    if detach:
        name = manifest.extra.get("capture", "")
        click.echo(f"captools: it runs on without us; captools stop {name} ends it and brings it home", err=True)
    print_result(manifest, as_json=as_json, folder=live is None and not follow)
    if follow:
        click.echo(f"captools: the session is in {manifest.extra.get('folder', '')}", err=True)
    return exit_code(manifest)
