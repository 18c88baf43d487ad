"""A node that is a set of namespaces on this machine, owned by one process (the lab, containers)."""

from __future__ import annotations

import shutil

from captools.collect.targets import Target
from captools.model.errors import ToolMissing

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def argv(target: Target, line: str) -> list[str]:
    """Return the command that runs ``line`` inside the net, mount and uts namespaces of ``target.pid``."""
    program = shutil.which("nsenter")
    if program is None:
        raise ToolMissing("this machine has no nsenter", hint="install util-linux")
    enter = [program, f"--target={target.pid}", "--net", "--mount", "--uts", "--"]
    # The user's own ssh connection and program folders (a virtual environment) have no meaning inside.
    return [*enter, "/usr/bin/env", "-u", "SSH_CONNECTION", f"PATH={PATH}", "/bin/sh", "-c", line]


def explain(target: Target, said: str) -> tuple[str, str] | None:
    """Read what nsenter says when it cannot enter."""
    if "nsenter:" not in said:
        return None
    if "No such file" in said or "No such process" in said:
        return f"process {target.pid}, whose namespaces are the node, does not run", "start the node again"
    if "Operation not permitted" in said or "Permission denied" in said:
        return f"no permission to enter the namespaces of process {target.pid}", "run captools as root"
    return None
