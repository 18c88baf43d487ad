"""A node reached by the system's OpenSSH client, so that the user's own ssh configuration applies.

After ``prepare``, all channels to a node share one connection of our own: the first one opens it, it ends a few
seconds after the last one. It is never the user's own shared connection, whose other traffic nobody knows here.
A server allows ten sessions in one connection (sshd_config, MaxSessions); ssh opens further ones by itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from captools.collect.clean import clean
from captools.collect.targets import Target
from captools.model.errors import ToolMissing, UsageError

CONNECT_TIMEOUT_S = 8
# aes128-gcm ships captures fastest, at half the processor time of the default (measured); the rest are what
# any server of the last ten years offers. Never -C: compression is ten times slower than the network.
CIPHERS = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr"
OPTIONS = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "ConnectTimeout": str(CONNECT_TIMEOUT_S),
    "ConnectionAttempts": "1",
    # A node that vanishes is noticed after 15 s, whatever TCP believes.
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "Ciphers": CIPHERS,
    "Compression": "no",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "EscapeChar": "none",
}
ALONE = {"ControlMaster": "no", "ControlPath": "none"}
SHARE_FOR_S = 3  # how long the shared connection waits for another channel
# The background process of older clients keeps our stderr open, so that its end would not be heard.
SHARING_SINCE = (8, 9)
MAX_SOCKET = 80  # bytes; a socket's path holds 107, and ssh adds a random ending while it makes it
_OURS = re.compile(r"[0-9a-f]{16}")
# What a host or user may be written with. A user's ProxyCommand may hand both to a shell (CVE-2023-51385).
_HOST = re.compile(r"[A-Za-z0-9_\[:][A-Za-z0-9._:%\[\]-]*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@\\+-]*")

# What ssh says -> what is wrong, what to try. First hit wins.
_SAYINGS: tuple[tuple[str, str, str], ...] = (
    (r"REMOTE HOST IDENTIFICATION HAS CHANGED", "its host key is not the one in known_hosts",
     "check that this is the right machine, then renew the entry with ssh-keygen -R"),
    (r"Host key verification failed|No \S+ host key is known", "its host key is not known here",
     "connect once by hand with ssh and compare the key, or add it to known_hosts"),
    (r"Could not resolve hostname", "its name does not resolve",
     "correct the name, or list the node with its address in captools.toml"),
    (r"Permission denied|Too many authentication failures", "ssh login refused",
     "check user and key in captools.toml, or load the key into ssh-agent"),
    (r"Connection refused", "connection refused", "is sshd running there, and is the port right?"),
    (r"timed out", "no answer", "check the address and that the node is up"),
    (r"No route to host|Network is unreachable", "no route to it", "check the address and this machine's routes"),
    (r"no matching cipher found", "the server accepts none of the offered ciphers",
     "allow aes128-gcm or aes128-ctr there"),
    (r"Bad configuration option|Can't open user config file|Bad owner or permissions",
     "ssh cannot use its configuration", "correct the ssh_config that captools.toml names"),
    (r"kex_exchange_identification|Connection (closed|reset)|closed by remote host", "the connection was closed",
     "look into sshd's log on the node"),
)  # fmt: skip


def argv(target: Target, line: str) -> list[str]:
    """Return the ssh command; ToolMissing without an ssh client here, UsageError for a name that is none."""
    program = shutil.which("ssh")
    if program is None:
        raise ToolMissing("this machine has no ssh client", hint="install openssh-client")
    command = [program, "-T"]
    if target.ssh_config is not None:
        command += ["-F", str(target.ssh_config)]
    for name, value in {**OPTIONS, **_sharing(target)}.items():
        command += ["-o", f"{name}={value}"]
    if target.key is not None:
        command += ["-i", str(target.key), "-o", "IdentitiesOnly=yes"]
    if target.port is not None:
        command += ["-p", str(target.port)]
    if target.user:
        command += ["-l", _checked(target, "user", _USER, target.user)]
    host = _checked(target, "host", _HOST, target.address or target.name)
    # sshd hands one string to the login shell: quoted once for that shell, so that sh gets it whole.
    return [*command, "--", host, f"exec /bin/sh -c {shlex.quote(line)}"]


def _checked(target: Target, kind: str, allowed: re.Pattern[str], value: str) -> str:
    if allowed.fullmatch(value) is None:
        shown = clean(repr(value), 80)
        raise UsageError(f"{clean(target.name, 80)}: {shown} is no {kind} for ssh", hint="correct it in captools.toml")
    return value


def _sharing(target: Target) -> dict[str, str]:
    if target.control is None:
        return ALONE
    path = str(target.control).replace("%", "%%")
    return {"ControlMaster": "auto", "ControlPersist": f"{SHARE_FOR_S}s", "ControlPath": path}


def prepare(target: Target) -> Target:
    """Return the target with the socket its channels share; as it was where there is no safe place for one."""
    folder = _private_folder() if _client() >= SHARING_SINCE else None
    if folder is None:
        return replace(target, control=None)
    _sweep(folder)
    way = (target.address or target.name, target.user, target.port, str(target.key), str(target.ssh_config))
    path = folder / hashlib.sha256(repr(way).encode()).hexdigest()[:16]
    return replace(target, control=path if len(os.fsencode(path)) <= MAX_SOCKET else None)


def _sweep(folder: Path) -> None:
    """Take away sockets nobody answers at: their connection was killed. ssh gives them their name when they listen."""
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name):
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
                try:
                    probe.connect(str(path))
                except ConnectionRefusedError:
                    path.unlink()


def _private_folder() -> Path | None:
    """Return a folder that is ours alone; None where there is none: whoever can open the socket can use the login."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    bases = [Path(runtime) / "captools"] if runtime else []
    for folder in (*bases, Path(tempfile.gettempdir()) / f"captools-ssh-{os.getuid()}"):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError:
            continue
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
            return folder
    return None


@lru_cache(maxsize=1)
def _client() -> tuple[int, int]:
    """Return the version of the ssh client; (0, 0) where it does not tell."""
    try:
        done = subprocess.run(["ssh", "-V"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", done.stderr)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def explain(target: Target, said: str) -> tuple[str, str] | None:
    """Read what the ssh client says when it cannot connect."""
    for pattern, wrong, to_try in _SAYINGS:
        if re.search(pattern, said):
            return f"{wrong} ({target.way})", to_try
    return None
