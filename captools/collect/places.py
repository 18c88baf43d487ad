"""Where the list of nodes comes from: the first ``captools.toml`` that is found, else ssh hosts and Kubernetes nodes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from captools.collect.clean import last_line
from captools.collect.kube.nodes import current_context, kube_node
from captools.collect.targets import LOCAL, Config, Target, read_config
from captools.collect.transports import ssh
from captools.model.errors import ToolMissing, UsageError

NAME = "captools.toml"
MAX_AT_ONCE = 16
SSH_FAILED = 255  # ssh's own exit code for a connection that did not come about
LOGIN_TIMEOUT_S = ssh.CONNECT_TIMEOUT_S + 4


def search(explicit: Path | None, environ: Mapping[str, str], here: Path) -> Path | None:
    """Return the ``captools.toml`` in force, or None.

    Order: ``--config``, ``$CAPTOOLS_CONFIG``, the current folder, a running lab's own, the user's
    configuration folder. A file that was named but is not there is an error, never skipped.
    """
    for named, how in ((explicit, "--config"), (environ.get("CAPTOOLS_CONFIG"), "$CAPTOOLS_CONFIG")):
        if named:
            path = Path(named).expanduser()
            if not path.is_file():
                raise UsageError(f"{path}: no such file (from {how})", hint=f"give the path of a {NAME}")
            return path
    if (here / NAME).is_file():
        return here / NAME
    home = Path(environ.get("HOME") or "/")
    state = Path(environ.get("XDG_STATE_HOME") or home / ".local/state")
    labs = sorted((state / "captools/lab").glob(f"*/{NAME}"), key=lambda path: path.stat().st_mtime)
    if labs:
        return labs[-1]
    user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "captools" / NAME
    return user if user.is_file() else None


def known_nodes(explicit: Path | None) -> Config | None:
    """Return the nodes in force for this process's environment, or None where no file lists any."""
    path = search(explicit, os.environ, Path.cwd())
    return read_config(path) if path is not None else None


def pick_targets(config: Config | None, names: Sequence[str]) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Return the targets called ``names``, and what the user should know about how they were found."""
    if config is not None:
        return config.pick(names), (f"nodes from {config.path}",)
    wanted = list(dict.fromkeys(names))
    context = current_context() if set(wanted) - {LOCAL.name} else ""
    with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
        found = list(pool.map(lambda name: _without_file(name, context), wanted))
    return tuple(target for target, _ in found), tuple(said for _, said in found if said)


def _without_file(name: str, context: str) -> tuple[Target, str]:
    """Return the target called ``name``, and how it was found: an ssh host that lets us in, else a Kubernetes node.

    ``context``: kubectl's current one; without it ssh is the only way, and tells by itself what is wrong.
    """
    if name == LOCAL.name:
        return LOCAL, ""
    try:
        target, where = ssh_host(name)
        trouble = _login_trouble(target) if context else ""
    except (ToolMissing, UsageError) as error:
        node = kube_node(name) if context else None
        if node is None:
            raise
        return node, f"no {NAME} was found: {name} is the Kubernetes node of context {context} ({error.message})"
    node = kube_node(name) if trouble else None
    if node is not None:
        said = f"{name} is the Kubernetes node of context {context} (as an ssh host: {trouble})"
        return node, f"no {NAME} was found: {said}"
    return target, f"no {NAME} was found: {name} is tried as an ssh host ({where})"


def _login_trouble(target: Target) -> str:
    """Return why ssh does not let us in; the empty string where it does."""
    try:
        argv = ssh.argv(ssh.prepare(target), "true")  # the capture then finds the connection open
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LOGIN_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "no answer"
    if done.returncode != SSH_FAILED:
        return ""
    explained = ssh.explain(target, done.stderr)
    return explained[0] if explained is not None else last_line(done.stderr) or "no login"


def ssh_host(name: str) -> tuple[Target, str]:
    """Return ``name`` as a target of the user's own ssh configuration, and what that makes of it.

    Raises ToolMissing without an ssh client, UsageError for a name ssh does not accept.
    """
    program = shutil.which("ssh")
    if program is None:
        raise ToolMissing("this machine has no ssh client", hint="install openssh-client, or use --node local")
    done = subprocess.run(
        [program, "-G", "--", name], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=False
    )
    settings = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    if done.returncode != 0 or "hostname" not in settings:
        raise UsageError(
            f"no {NAME} was found, and ssh does not accept {name!r} as a host", hint=f"write a {NAME}, or --node local"
        )
    where = f"{settings.get('user', '')}@{settings['hostname']}:{settings.get('port', '22')}"
    return Target(name=name, transport="ssh"), where
