"""``captools capture``: parse, run one capture, print, exit code."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import click

from captools.cli.progress import LiveBlock, final_table
from captools.collect.inventory import cluster_of, read_files
from captools.collect.places import known_nodes, pick_targets
from captools.collect.plan import find_pod
from captools.collect.quantities import byte_count, seconds
from captools.collect.request import ROLE_NAMES, CaptureRequest
from captools.collect.runner import capture
from captools.collect.targets import Config
from captools.collect.tools import TOOLS
from captools.model.errors import ExitCode, UsageError
from captools.model.session import Manifest

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(
    "capture",
    epilog="Example: captools capture --node k8s-w1 --node router -f 'port 8472 or icmp' --duration 30s",
)
@click.option("--node", "nodes", multiple=True, metavar="NAME", help="Capture there; may be given several times.")
@click.option("--all-nodes", is_flag=True, help="Capture on every node of captools.toml.")
@click.option("--pod", "pods", multiple=True, metavar="NS/NAME", help="Capture at this pod's device, on its node.")
@click.option("-i", "--interface", "interfaces", multiple=True, metavar="NAME|GLOB", help="Interfaces, or NODE/NAME.")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLE_NAMES), help="Interfaces by what they are for.")
@click.option("-f", "--bpf", default="", metavar="BPF", help="Capture filter (man pcap-filter).")
@click.option("--match", default="", metavar="REGEX", help="Keep packets whose payload matches (ngrep).")
@click.option("--tool", type=click.Choice(TOOLS), help="Default: tcpdump, or ngrep with --match.")
@click.option("--duration", metavar="TIME", help="Stop by itself after 30s, 5m, 1h.")
@click.option("--snaplen", type=int, metavar="BYTES", help="Keep only the first bytes of every packet.")
@click.option("--buffer", "ring", default="256MiB", show_default=True, metavar="SIZE", help="Ring memory per node.")
@click.option("--inventory", multiple=True, type=click.Path(path_type=Path), help="Cluster facts to put beside it.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The session folder to make.")
@click.option("-w", "live", metavar="-", help="With -: stream the only point's pcap to stdout, keep nothing.")
@click.option("--config", type=click.Path(path_type=Path), help="The captools.toml to read.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    nodes: tuple[str, ...],
    all_nodes: bool,
    pods: tuple[str, ...],
    interfaces: tuple[str, ...],
    roles: tuple[str, ...],
    bpf: str,
    match: str,
    tool: str | None,
    duration: str | None,
    snaplen: int | None,
    ring: str,
    inventory: tuple[Path, ...],
    out: Path | None,
    live: str | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Capture on one or many nodes at once and bring everything back into one session folder.

    Without -i, --role or --pod, every node's own roles decide: network cards towards other nodes and the
    outside, tunnel, WireGuard and pod devices. Ctrl-C stops cleanly and keeps everything; a second Ctrl-C
    stops sooner.
    """
    if live not in (None, "-"):
        raise UsageError(f"-w {live}: only - is possible", hint="name a session folder with --out instead")
    if live is not None and (as_json or out is not None):
        raise UsageError("-w - streams packets to stdout and keeps nothing", hint="leave out --json and --out")
    if live is not None and sys.stdout.isatty():
        raise UsageError("-w - would write packets to the terminal", hint="pipe it: … -w - | wireshark -k -i -")
    known = known_nodes(config)
    extra = ([known.inventory] if known is not None and known.inventory is not None else []) + list(inventory)
    targets, said = pick_targets(known, _names(known, nodes, all_nodes, pods, extra))
    for sentence in said:
        click.echo(f"captools: {sentence}", err=True)
    request = CaptureRequest(
        targets=targets,
        interfaces=interfaces,
        roles=roles,
        pods=pods,
        bpf=bpf,
        match=match,
        tool=tool or ("ngrep" if match else "tcpdump"),
        duration_s=seconds(duration) if duration is not None else None,
        snaplen=snaplen,
        buffer_bytes=byte_count(ring),
        out=out,
        inventory=tuple(extra),
        command=("captools", *sys.argv[1:]),
        live_fd=sys.stdout.fileno() if live is not None else None,
    )
    manifest = _run(request)
    _print(manifest, as_json=as_json, live=live is not None)
    failed = any(not node.ok for node in manifest.nodes) or any(not point.ok for point in manifest.points)
    return ExitCode.NODE_FAILED if failed else ExitCode.FINE


def _names(
    known: Config | None, nodes: tuple[str, ...], all_nodes: bool, pods: tuple[str, ...], inventory: list[Path]
) -> tuple[str, ...]:
    """Return the names of the nodes to capture on; a pod brings its own."""
    names = list(nodes)
    if all_nodes:
        if known is None:
            raise UsageError("--all-nodes needs a captools.toml", hint="name nodes with --node, or write one")
        names += [target.name for target in known.targets]
    if pods:
        cluster = cluster_of(read_files(inventory), {})
        names += [pod.node for pod in (find_pod(cluster, name) for name in pods) if pod.node]
    if not names:
        listed = ", ".join(target.name for target in known.targets) if known is not None else "none: no captools.toml"
        raise UsageError(
            "no node was named", hint=f"give --node NAME, --node local or --all-nodes; known nodes: {listed}"
        )
    return tuple(names)


def _run(request: CaptureRequest) -> Manifest:
    """Run the capture while signals mean "stop" and progress shows on stderr."""
    stop, hurry = threading.Event(), threading.Event()
    block = LiveBlock(sys.stderr)

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            hurry.set()
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in STOPPING}
    try:
        return capture(request, stop=stop, hurry=hurry, progress=block.update, warn=block.say)
    finally:
        block.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _print(manifest: Manifest, *, as_json: bool, live: bool) -> None:
    """Print the table on stderr, and on stdout the session's path or the result as JSON."""
    folder = manifest.extra.get("folder", "")
    click.echo(final_table(manifest), err=True)
    if as_json:
        document = {**manifest.to_json(), "schema": 1, "session": folder}
        del document["extra"]
        click.echo(json.dumps(document, indent=1))
    elif not live:
        click.echo(folder)
