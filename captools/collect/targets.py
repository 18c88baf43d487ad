"""The nodes a capture can run on: read from a ``captools.toml``.

::

    [cluster]
    inventory = "inventory"        # a folder; its files go into every session
    [nodes.k8s-w1]
    transport = "ssh"              # ssh (default) | kubectl | netns | local
    address = "192.168.10.101"
    user = "root"
    port = 22
    key = "ssh/id_ed25519"
    ssh_config = "ssh/config"      # given to ssh as -F
    pid = 12345                    # netns: a process whose namespaces are the node
    role = "router"                # node (default) | router | client
    # kubectl: the node is the Kubernetes node called address, or like this table
    context = "prod"               # of the kubeconfig; the current one without it
    namespace = "captools"         # where the agent pods are, or where a debug pod may be made
    pod = "captools-agent-x7x2p"   # looked for by its label without it; made with kubectl debug where there is none
    container = "agent"
    image = "nicolaka/netshoot:v0.13"   # of a debug pod
    profile = "sysadmin"           # of a debug pod: netadmin (default) or sysadmin, as kubectl debug --profile
    kubeconfig = "admin.conf"

Paths are relative to the file. Unknown keys are refused: a misspelt ``adress`` must not go unnoticed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captools.model.errors import UsageError

TRANSPORTS = ("ssh", "kubectl", "netns", "local")
ROLES = ("node", "router", "client")
_KEYS: dict[str, type] = {
    "transport": str, "address": str, "user": str, "port": int, "key": str, "ssh_config": str, "pid": int, "role": str,
    "context": str, "namespace": str, "pod": str, "container": str, "image": str, "profile": str, "kubeconfig": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One node and the way to it."""

    name: str
    transport: str = "ssh"
    address: str = ""
    user: str = ""
    port: int | None = None
    key: Path | None = None
    ssh_config: Path | None = None
    pid: int | None = None
    role: str = "node"
    context: str = ""
    namespace: str = ""
    pod: str = ""
    container: str = ""
    image: str = ""
    profile: str = ""
    kubeconfig: Path | None = None
    # What a transport's prepare finds out; never written by people.
    control: Path | None = None  # ssh: the socket by which channels share one connection
    root: str = ""  # where the node's own file system lies in the pod, when its programs are to be used
    host_ip: str = ""  # the node's address, where its kubelet is reached
    api: str = ""  # address and port of the API server as seen from here
    konnectivity: bool = False  # the API server may reach kubelets through it
    made: bool = False  # the pod was made for us

    @property
    def way(self) -> str:
        """The way to the node as people write it."""
        if self.transport == "kubectl":
            context = f", context {self.context}" if self.context else ""
            pod = "/".join(filter(None, (self.namespace, self.pod))) if self.pod else ""
            return f"kubectl exec {pod}{context}" if pod else f"Kubernetes node {self.address or self.name}{context}"
        if self.transport == "local":
            return "this machine"
        if self.transport == "netns":
            return f"namespaces of process {self.pid}"
        host = f"{self.user}@{self.address or self.name}" if self.user else self.address or self.name
        return f"{host}:{self.port}" if self.port else host


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole ``captools.toml``."""

    path: Path
    targets: tuple[Target, ...]
    inventory: Path | None = None

    def pick(self, names: Sequence[str]) -> tuple[Target, ...]:
        """Return the targets called ``names``, each once; UsageError names the known ones."""
        known = {target.name: target for target in self.targets}
        known.setdefault("local", LOCAL)
        unknown = [name for name in dict.fromkeys(names) if name not in known]
        if unknown:
            listed = ", ".join(target.name for target in self.targets) or "none"
            raise UsageError(
                f"{self.path}: no node is called {unknown[0]!r}",
                hint=f"known nodes: {listed}; add it there, or use --node local for this machine",
            )
        return tuple(known[name] for name in dict.fromkeys(names))


LOCAL = Target(name="local", transport="local", address="")


def read_config(path: Path) -> Config:
    """Read a ``captools.toml``; UsageError names the file, the node and the key that is wrong."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})", hint="give another one with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML ({error})", hint="correct that line") from error
    cluster, nodes = document.get("cluster", {}), document.get("nodes", {})
    if not isinstance(cluster, dict) or not isinstance(nodes, dict):
        raise UsageError(f"{path}: [cluster] and [nodes.NAME] must be tables", hint="see captools nodes --help")
    inventory = cluster.get("inventory")
    if inventory is not None and not isinstance(inventory, str):
        raise UsageError(f"{path}: [cluster] inventory must be the name of a folder", hint='write inventory = "…"')
    return Config(
        path=path,
        targets=tuple(_target(path, name, table) for name, table in nodes.items()),
        inventory=_beside(path, inventory) if inventory else None,
    )


def _beside(path: Path, name: str) -> Path:
    return path.parent.resolve() / Path(name).expanduser()


def _target(path: Path, name: str, table: object) -> Target:
    where = f"{path}: [nodes.{name}]"
    if not isinstance(table, Mapping):
        raise UsageError(f"{where} is not a table", hint=f"write [nodes.{name}] and its keys below")
    for key, value in table.items():
        if key not in _KEYS:
            raise UsageError(f"{where} has an unknown key {key!r}", hint=f"keys are {', '.join(_KEYS)}")
        # bool is an int to Python, not to a person
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            kind = "a number" if _KEYS[key] is int else "text in quotes"
            raise UsageError(f"{where} {key} is {value!r}", hint=f"it must be {kind}")
    fields: dict[str, Any] = dict(table)
    for key in ("key", "ssh_config", "kubeconfig"):
        if key in fields:
            fields[key] = _beside(path, fields[key])
    target = Target(name=name, **fields)
    if target.transport not in TRANSPORTS:
        raise UsageError(f"{where} transport is {target.transport!r}", hint=f"it is one of {', '.join(TRANSPORTS)}")
    if target.role not in ROLES:
        raise UsageError(f"{where} role is {target.role!r}", hint=f"it is one of {', '.join(ROLES)}")
    if target.transport == "netns" and target.pid is None:
        raise UsageError(f"{where} has transport netns but no pid", hint="name a process that runs in the node")
    return target
