"""Where the list of nodes comes from: the first ``captools.toml`` that is found, or plain ssh hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from captools.collect.targets import LOCAL, Config, Target, read_config
from captools.model.errors import ToolMissing, UsageError

NAME = "captools.toml"


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
    targets, said = [], []
    for name in dict.fromkeys(names):
        if name == LOCAL.name:
            targets.append(LOCAL)
            continue
        target, where = ssh_host(name)
        targets.append(target)
        said.append(f"no {NAME} was found: {name} is tried as an ssh host ({where})")
    return tuple(targets), tuple(said)


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
