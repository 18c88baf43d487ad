"""What a user asks to be captured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from captools.collect.targets import Target

# Each ring is kernel memory of the node: one budget per node, shared by its points (FACTS, section 14).
DEFAULT_BUFFER_BYTES = 256 * 1024 * 1024
ROLE_NAMES = ("nic", "tunnel", "wireguard", "pods", "any")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest:
    """One capture. Without interfaces, roles and pods, every node's default roles are taken.

    interfaces: names or globs, each may be limited to one node as ``NODE/NAME``. roles: of ROLE_NAMES.
    pods: ``NAMESPACE/NAME``. bpf: the user's capture filter. match: ngrep's pattern. duration_s: None runs
    until stopped. snaplen: bytes kept of each packet, None for all. buffer_bytes: ring memory per node.
    out: the session folder to create, None for the default place. inventory: files or folders copied into
    the session. live_fd: where the only point's pcap is streamed instead of a session folder.
    """

    targets: tuple[Target, ...]
    interfaces: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    bpf: str = ""
    match: str = ""
    tool: str = "tcpdump"
    duration_s: float | None = None
    snaplen: int | None = None
    buffer_bytes: int = DEFAULT_BUFFER_BYTES
    out: Path | None = None
    inventory: tuple[Path, ...] = ()
    command: tuple[str, ...] = ()  # as the user typed it, for the manifest
    live_fd: int | None = None
