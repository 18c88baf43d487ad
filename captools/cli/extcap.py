"""``captools extcap``: nodes and their points inside Wireshark, by its extcap interface."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from captools import __version__
from captools.collect.extcap import words
from captools.collect.extcap.kept import Kept
from captools.collect.places import known_nodes, pick_targets
from captools.collect.targets import Config
from captools.model.errors import CaptoolsError, CaptureFailed, ExitCode, UsageError

if TYPE_CHECKING:
    from captools.collect.request import CaptureRequest

READER_WAIT_S = 30.0
KUBECTL_WAIT_S = 3.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(
    "extcap",
    # Newer versions of Wireshark add options that need no answer.
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    epilog="Example: captools extcap --install && tshark -D && tshark -i captools-k8s-w1 -c 10",
)
@click.option(
    "--install",
    is_flag=False,
    flag_value="",
    metavar="[DIR]",
    help="Put captools into Wireshark; where, it tells itself.",
)
@click.option("--config", type=click.Path(path_type=Path), help="The captools.toml to read.")
@click.option("--extcap-interfaces", "list_them", is_flag=True, help="List interfaces (asked by Wireshark).")
@click.option("--extcap-version", default="", hidden=True)
@click.option("--extcap-dlts", "dlts", is_flag=True, help="List link types (asked by Wireshark).")
@click.option("--extcap-config", "dialog", is_flag=True, help="List options (asked by Wireshark).")
@click.option("--extcap-reload-option", "reload", default="", metavar="OPTION", help="Ask the node for its interfaces.")
@click.option(
    "--extcap-interface", "interface", default="", metavar="NAME", help="captools-NODE, or captools for several."
)
@click.option("--extcap-capture-filter", "bpf", default="", metavar="BPF", help="Capture filter.")
@click.option("--capture", "capturing", is_flag=True, help="Capture into --fifo.")
@click.option("--fifo", type=click.Path(path_type=Path), help="The pipe to write pcapng to.")
@click.option("--nodes", default="", metavar="NAMES", help="With captools as interface: these nodes only.")
@click.option("--interface", "one_interface", default="", metavar="NAME", help="One interface.")
@click.option("--interfaces", default="", metavar="NAMES", help="Interfaces or globs, with commas between them.")
@click.option("--roles", default="", metavar="ROLES", help="Roles, with commas between them.")
@click.option("--pods", default="", metavar="PODS", help="Pods, with commas between them.")
@click.option("--match", default="", metavar="REGEX", help="Only packets whose payload matches (ngrep).")
@click.option("--snaplen", type=click.IntRange(0, 262_144), default=0, help="Bytes kept of each packet; 0 for all.")
@click.option("--buffer", "ring", default="256MiB", metavar="SIZE", help="Ring memory per node.")
def command(
    install: str | None,
    config: Path | None,
    list_them: bool,
    extcap_version: str,
    dlts: bool,
    dialog: bool,
    reload: str,
    interface: str,
    bpf: str,
    capturing: bool,
    fifo: Path | None,
    nodes: str,
    one_interface: str,
    interfaces: str,
    roles: str,
    pods: str,
    match: str,
    snaplen: int,
    ring: str,
) -> int:
    """Show the nodes of captools.toml as capture interfaces in Wireshark and tshark.

    --install does it once; the other options are what Wireshark then asks by itself. Each node is an interface, its
    points become interfaces of the capture, named like k8s-w1/eth1. Without a captools.toml, the nodes of the
    Kubernetes cluster that kubectl knows are listed.
    """
    if install is not None:
        _install(install, config)
        return ExitCode.FINE
    if dlts:
        click.echo(words.link_types(), nl=False)
        return ExitCode.FINE
    kept = Kept()
    known = known_nodes(config)
    names = _names(known, kept)
    if list_them:
        click.echo(words.listed(__version__, names), nl=False)
        return ExitCode.FINE
    here = words.nodes_of(interface, names)
    if not here:
        raise UsageError(
            f"--extcap-interface {interface or 'was not given, or'} is none of captools' interfaces",
            hint="captools extcap --extcap-interfaces lists them; --install puts them into Wireshark",
        )
    if dialog:
        answer = _reloaded(known, here, reload, kept) if reload else words.dialog(interface, names, kept.interfaces())
        click.echo(answer, nl=False)
        return ExitCode.FINE
    if not capturing or fifo is None:
        if not bpf:
            raise UsageError("nothing was asked for", hint="Wireshark starts this by itself after --install")
        return _check_filter(bpf)
    from captools.cli.targets import TargetWishes
    from captools.collect.quantities import byte_count
    from captools.collect.request import CaptureRequest

    asked_pods = words.chosen(pods)
    some = tuple(name for name in words.chosen(nodes) if name in here)
    # Pods bring their nodes: where several are offered and none was chosen, those are enough.
    wishes = TargetWishes(
        nodes=some or (() if interface == words.EVERY and asked_pods else here),
        pods=asked_pods,
        interfaces=words.chosen(f"{one_interface},{interfaces}"),
        roles=words.chosen(roles),
        config=config,
    )
    return _capture(
        CaptureRequest(
            **wishes.resolve().fields,
            bpf=bpf,
            match=match,
            tool="ngrep" if match else "tcpdump",
            snaplen=snaplen or None,
            buffer_bytes=byte_count(ring),
            live=True,
            keep=False,
        ),
        fifo,
    )


def _install(folder: str, config: Path | None) -> None:
    from captools.collect.extcap.install import install, personal_folder
    from captools.collect.places import search

    place = search(config, os.environ, Path.cwd())
    path = install(Path(folder) if folder else personal_folder(), place)
    nodes = f"with the nodes of {place}" if place is not None else "with the nodes of the Kubernetes cluster in force"
    click.echo(f"{path}: Wireshark and tshark list captools now, {nodes}; delete this file to take it out again")


def _names(known: Config | None, kept: Kept) -> tuple[str, ...]:
    """Return the nodes' names without reaching any of them."""
    if known is not None:
        return tuple(target.name for target in known.targets)
    return kept.nodes(_kubernetes_nodes)


def _kubernetes_nodes() -> Sequence[str]:
    """Return the names of the cluster's nodes; none where kubectl has not answered soon."""
    found: list[str] = []

    def ask() -> None:
        from captools.collect.kube.nodes import kube_nodes

        try:
            found.extend(target.name for target in kube_nodes())
        except CaptoolsError:
            return

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(KUBECTL_WAIT_S)
    return tuple(found)


def _reloaded(known: Config | None, nodes: Sequence[str], option: str, kept: Kept) -> str:
    """Reach the one node and return its interfaces."""
    from captools.collect.reach import reach

    (target,), _ = pick_targets(known, nodes[:1])
    names = [one.name for one in reach(target).interfaces if one.up]
    kept.keep_interfaces(target.name, names)
    return words.reloaded(option, names)


def _check_filter(bpf: str) -> int:
    """Print what is wrong with a capture filter, which is how Wireshark learns of it; nothing where nothing is."""
    import shutil
    import subprocess

    from captools.collect.planning.filters import check_user_filter

    try:
        check_user_filter(bpf)
    except UsageError as error:
        click.echo(str(error))
        return ExitCode.FINE
    tcpdump = shutil.which("tcpdump") or shutil.which("tcpdump", path="/usr/sbin:/sbin")
    if tcpdump is not None:
        done = subprocess.run(
            [tcpdump, "-y", "EN10MB", "-d", "--", bpf], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=10, check=False,
        )  # fmt: skip
        if done.returncode:
            click.echo(done.stderr.strip().splitlines()[-1].removeprefix("tcpdump: "))
    return ExitCode.FINE


def _capture(request: CaptureRequest, fifo: Path) -> int:
    """Capture into the pipe until its reader goes or says stop; complain in one sentence where a point failed."""
    from captools.collect.live.pcapng import PcapngSink
    from captools.collect.runner import capture

    stop, hurry = threading.Event(), threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            hurry.set()
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in STOPPING}
    try:
        descriptor = _opened(fifo, stop)
        try:
            manifest = capture(request, stop=stop, hurry=hurry, sinks=[PcapngSink(descriptor, stop)])
        finally:
            os.close(descriptor)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    failed = [node.error for node in manifest.nodes if not node.ok]
    failed += [point.error for point in manifest.points if not point.ok]
    if failed:
        # Wireshark shows what stands on stderr: the first reason is enough.
        raise CaptureFailed(failed[0] + (f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""))
    return ExitCode.FINE


def _opened(fifo: Path, stop: threading.Event) -> int:
    """Open the pipe as soon as its reader has; UsageError where there is none."""
    deadline = time.monotonic() + READER_WAIT_S
    while True:
        try:
            descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > deadline or stop.wait(0.02):
                raise UsageError(
                    f"{fifo}: cannot be written to ({error.strerror})", hint="Wireshark names the pipe in --fifo"
                ) from error
            continue
        os.set_blocking(descriptor, True)
        return descriptor
