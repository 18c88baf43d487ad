"""ssh into the lab: host keys, one login key, a known_hosts file, and a client configuration that finds the way.

Every machine is reached as with Vagrant: from 10.0.2.2 to its eth0. There is no address of the lab on the host,
so ssh's ProxyCommand opens the connection inside the uplink namespace and hands it over.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from captools.lab.netns import Machine, finish, python
from captools.lab.network import uplink_device
from captools.lab.topology import MACHINES, NAT_ADDRESS, NODES, ROUTER, ROUTER_ADDRESSES

PORT = 22
USER_ID = 61_010  # outside the ranges Debian gives to people and to services
PRIVATE = "/run/captools-lab"  # in the machine's own mount namespace


def address_of(machine: str) -> str:
    """Return the address people know a machine by."""
    return next((node.address for node in NODES if node.name == machine), ROUTER_ADDRESSES["eth1"])


def user_of(machine: str) -> str:
    """Return who logs in on a machine."""
    return next((node.user for node in NODES if node.name == machine), "root")


def make_keys(folder: Path) -> None:
    """Make the login key and one host key per machine, and the known_hosts file that goes with them."""
    folder.mkdir(mode=0o700)
    known = []
    for name in ("id_ed25519", *(f"host_{machine}" for machine in MACHINES)):
        finish(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"captools lab {name}", "-f", str(folder / name)],
            "ssh-keygen",
        )
    for machine in MACHINES:
        key = " ".join((folder / f"host_{machine}.pub").read_text().split()[:2])
        known.append(f"{machine},{address_of(machine)} {key}\n")
    (folder / "known_hosts").write_text("".join(known))


def etc_files(folder: Path, machine: str) -> None:
    """Write the files that appear in a machine's /etc: hosts everywhere, a user with sudo where one logs in."""
    folder.mkdir(parents=True)
    hosts = ["127.0.0.1 localhost", *(f"{address_of(name)} {name}" for name in MACHINES)]
    (folder / "hosts").write_text("\n".join(hosts) + "\n")
    user = user_of(machine)
    if user == "root":
        return
    passwd = f"{user}:x:{USER_ID}:{USER_ID}:lab user:{PRIVATE}/home:/bin/sh\n"
    for name, line, mode in (
        ("passwd", passwd, 0o644),
        ("group", f"{user}:x:{USER_ID}:\n", 0o644),
        # "*" is no password at all; "!" would make sshd refuse the account as locked.
        ("shadow", f"{user}:*:20000:0:99999:7:::\n", 0o640),
    ):
        own = folder / name
        own.write_text(Path("/etc", name).read_text().rstrip("\n") + "\n" + line)
        shutil.copystat(Path("/etc", name), own)
        own.chmod(mode)
    sudoers = folder / "sudoers"
    sudoers.write_text(
        'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\n'
        f"root ALL=(ALL:ALL) ALL\n{user} ALL=(ALL) NOPASSWD: ALL\n"
    )
    sudoers.chmod(0o440)


def start(machine: Machine, folder: Path, log: Path) -> None:
    """Start a machine's sshd with the defaults of OpenSSH (MaxSessions 10) and key login only."""
    user = user_of(machine.name)
    script = f"""
set -e
mkdir -p {PRIVATE}/home
cp -- {shlex.quote(str(folder / "id_ed25519.pub"))} {PRIVATE}/authorized_keys
chmod 0644 {PRIVATE}/authorized_keys
cp -- {shlex.quote(str(folder / f"host_{machine.name}"))} {PRIVATE}/host_key
cat >{PRIVATE}/sshd_config
chown -R {shlex.quote(user)}: {PRIVATE}/home
"""
    config = f"""
Port {PORT}
HostKey {PRIVATE}/host_key
AuthorizedKeysFile {PRIVATE}/authorized_keys
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
PrintMotd no
"""
    machine.run(["sh", "-c", script], text=config)
    machine.daemon([shutil.which("sshd") or "sshd", "-D", "-e", "-f", f"{PRIVATE}/sshd_config"], log)


def client_config(folder: Path, uplink: Machine) -> str:
    """Return the text for ``ssh -F``: every machine by name and by address, strict host keys."""
    blocks = []
    for machine in (*(node.name for node in NODES), ROUTER):
        proxy = shlex.join(uplink.enter(python("connect", uplink_device(machine), NAT_ADDRESS, str(PORT))))
        blocks.append(f"""Host {machine} {address_of(machine)}
  HostKeyAlias {machine}
  User {user_of(machine)}
  IdentityFile "{folder / "id_ed25519"}"
  ProxyCommand {proxy.replace("%", "%%")}
  ProxyUseFdpass yes
""")
    common = f"""Host *
  IdentitiesOnly yes
  StrictHostKeyChecking yes
  UserKnownHostsFile "{folder / "known_hosts"}"
  GlobalKnownHostsFile none
  LogLevel ERROR
"""
    return "\n".join((*blocks, common))
