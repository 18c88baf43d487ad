"""What a user asks to be captured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from captools.collect.kube.access import KubeAccess
from captools.collect.planning.asked import AskedRequest
from captools.collect.spooling import SpoolWish
from captools.collect.targets import Target

# Each ring is kernel memory of the node: one budget per node, shared by its points (FACTS, section 14).
DEFAULT_BUFFER_BYTES = 256 * 1024 * 1024
ROLE_NAMES = ("nic", "tunnel", "wireguard", "pods", "any")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest:
    """One capture. Without interfaces, roles and pods, every node's default roles are taken.

    interfaces: names or globs, each may be limited to one node as ``NODE/NAME``. roles: of ROLE_NAMES.
    pods: ``NAMESPACE/NAME``, pod_reasons: (pod, the wish that meant it). asked: a request whose road is captured.
    named: nodes given by name, whatever else was asked for. kube: the cluster to ask for its own facts.
    many: "" and "any" put one capture of ``any`` in the place of more points than ``buffer_bytes`` allows, "each"
    keeps them all. bpf: the user's capture filter. match: ngrep's pattern. duration_s: None runs until stopped.
    snaplen: bytes kept of each packet, None for all. buffer_bytes: ring memory per node. out: the session folder
    to create, None for the default place. inventory: files or folders copied into the session.
    live: somebody reads along, so every packet is handed over at once. keep: False streams the packets to whoever
    reads along and makes no session folder. spool: bounds of what rests on the nodes. detach: leave once every tool
    is listening. until_regex, until_after_s: the nodes themselves end the capture so long after a match.
    """

    targets: tuple[Target, ...]
    interfaces: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    pod_reasons: tuple[tuple[str, str], ...] = ()
    asked: AskedRequest | None = None
    named: tuple[str, ...] = ()
    kube: KubeAccess | None = None
    many: str = ""
    bpf: str = ""
    match: str = ""
    tool: str = "tcpdump"
    duration_s: float | None = None
    snaplen: int | None = None
    buffer_bytes: int = DEFAULT_BUFFER_BYTES
    out: Path | None = None
    inventory: tuple[Path, ...] = ()
    command: tuple[str, ...] = ()  # as the user typed it, for the manifest
    live: bool = False
    keep: bool = True
    spool: SpoolWish = SpoolWish()
    detach: bool = False
    until_regex: str = ""
    until_after_s: float = 0.0
