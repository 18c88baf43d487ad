"""A node reached by the system's OpenSSH client, so that the user's own ssh configuration applies."""

from __future__ import annotations

import re
import shlex
import shutil

from captools.collect.targets import Target
from captools.model.errors import ToolMissing

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
    # A connection of our own: it is the one left out of the capture, and it ends with us.
    "ControlMaster": "no",
    "ControlPath": "none",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "EscapeChar": "none",
}

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
    """Return the ssh command; ToolMissing without an ssh client here."""
    program = shutil.which("ssh")
    if program is None:
        raise ToolMissing("this machine has no ssh client", hint="install openssh-client")
    command = [program, "-T"]
    if target.ssh_config is not None:
        command += ["-F", str(target.ssh_config)]
    for name, value in OPTIONS.items():
        command += ["-o", f"{name}={value}"]
    if target.key is not None:
        command += ["-i", str(target.key), "-o", "IdentitiesOnly=yes"]
    if target.port is not None:
        command += ["-p", str(target.port)]
    if target.user:
        command += ["-l", target.user]
    # sshd hands one string to the login shell: quoted once for that shell, so that sh gets it whole.
    return [*command, "--", target.address or target.name, f"exec /bin/sh -c {shlex.quote(line)}"]


def explain(target: Target, said: str) -> tuple[str, str] | None:
    """Read what the ssh client says when it cannot connect."""
    for pattern, wrong, to_try in _SAYINGS:
        if re.search(pattern, said):
            return f"{wrong} ({target.way})", to_try
    return None
