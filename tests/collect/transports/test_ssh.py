"""The ssh transport."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from captools.collect.targets import Target
from captools.collect.transports import prepare, ssh
from captools.model.errors import ToolMissing, UsageError
from tests.collect.transports.contract import Contract, Way, hostile_names

TARGET = Target(
    name="w1", address="192.0.2.1", user="root", port=2222, key=Path("/k"), ssh_config=Path("/c")
)  # fmt: skip


def cut_the_line(process: subprocess.Popen[bytes]) -> None:
    """Kill the ProxyCommand of this channel, which is its network."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert children, "no ProxyCommand runs"
    for child in children:
        os.kill(int(child), signal.SIGKILL)


def runs(process: Path, script: Path) -> bool:
    """Tell whether a process of /proc runs ``script``."""
    try:
        return str(script).encode() in (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


@pytest.fixture
def runtime(monkeypatch):
    """A private folder with a short name: a socket's path is limited."""
    with tempfile.TemporaryDirectory(prefix="k") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.mark.lab
class TestSsh(Contract):
    @pytest.fixture
    def way(self, node) -> Way:
        return Way(node.sshd(), cut_the_line)

    def hostile(self, way: Way, marker: Path) -> list[Target]:
        names = hostile_names(marker)
        # A ProxyCommand as people write it: it hands host and user to a shell.
        config = marker.parent / "ssh_config"
        config.write_text("Host *\n  ProxyCommand sh -c 'echo %h %r >/dev/null; exit 1'\n")
        here = replace(way.target, ssh_config=config)
        return [replace(here, address=name) for name in names] + [replace(here, user=name) for name in names if name]


@pytest.mark.lab
class TestSharedSsh(Contract):
    @pytest.fixture
    def way(self, node, runtime) -> Way:
        return Way(prepare(node.sshd()), cut_the_line)


@pytest.fixture
def argv():
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    return ssh.argv(TARGET, "echo 'a b' \"$HOME\"")


def options(argv: list[str]) -> dict[str, str]:
    pairs = [argv[at + 1].partition("=") for at, part in enumerate(argv) if part == "-o"]
    return {name: value for name, _, value in pairs}


def test_the_host_cannot_be_taken_for_an_option_and_the_line_reaches_sh_whole(argv):
    assert argv[-3:-1] == ["--", "192.0.2.1"]
    assert shlex.split(argv[-1]) == ["exec", "/bin/sh", "-c", "echo 'a b' \"$HOME\""]


def test_the_connection_is_strict_alone_and_fast(argv):
    told = options(argv)
    assert (told["StrictHostKeyChecking"], told["BatchMode"], told["ControlPath"]) == ("yes", "yes", "none")
    assert told["Ciphers"].startswith("aes128-gcm@openssh.com,") and "-C" not in argv and "-T" in argv
    assert told["IdentitiesOnly"] == "yes" and argv[argv.index("-F") + 1] == "/c"
    assert argv[argv.index("-p") + 1] == "2222"


@pytest.mark.parametrize("name", ["-oProxyCommand=x", "a;b", "a b", "$(x)", "a\nb", "\x1b[2J", "`x`", "a|b", "a'b"])
def test_names_that_a_shell_could_read_are_refused(name):
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    for odd in (replace(TARGET, address=name), replace(TARGET, user=name)):
        with pytest.raises(UsageError, match="for ssh") as error:
            ssh.argv(odd, "true")
        assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["w1.example.org", "fd00::1", "fe80::1%eth0", "10.0.0.1", "my_host-2"])
def test_ordinary_hosts_pass(name):
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    assert name in ssh.argv(replace(TARGET, address=name, user="DOMAIN\\user@example.org"), "true")


@pytest.mark.lab
def test_channels_share_one_connection_that_ends_after_them(node, runtime):
    target = prepare(node.sshd())
    assert target.control is not None and target.control.parent.stat().st_mode & 0o777 == 0o700
    way = Way(target, cut_the_line)
    seen = {way.run("echo $SSH_CONNECTION").stdout for _ in range(3)}
    assert len(seen) == 1 and b"10.9.0.1 22" in seen.pop()
    # More at once than one connection may carry (MaxSessions is 10): ssh opens another by itself.
    many = [way.start("echo $SSH_CONNECTION; cat") for _ in range(14)]
    answers = [process.communicate(b"x")[0] for process in many]
    assert len(set(answers)) < 14 and all(answer.endswith(b"x") for answer in answers)
    deadline = time.monotonic() + ssh.SHARE_FOR_S + 5
    while target.control.exists():
        assert time.monotonic() < deadline, "the shared connection stays"
        time.sleep(0.1)


@pytest.mark.lab
def test_a_shared_connection_that_was_cut_is_opened_again(node, runtime):
    way = Way(prepare(node.sshd()), cut_the_line)
    first = way.run("echo $SSH_CONNECTION").stdout
    relays = [entry for entry in Path("/proc").glob("[0-9]*") if runs(entry, node.folder / "relay.py")]
    assert len(relays) == 1
    os.kill(int(relays[0].name), signal.SIGKILL)
    second = way.run("echo $SSH_CONNECTION").stdout
    assert second and second != first


def test_sockets_of_connections_that_were_killed_are_taken_away(runtime):
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    dead, alive = runtime / "captools" / ("d" * 16), runtime / "captools" / ("a" * 16)
    dead.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind(str(dead))
        other.bind(str(alive))
        other.listen()
        prepare(TARGET)
        assert not dead.exists() and alive.exists()


def test_a_folder_that_others_could_enter_is_not_used_for_the_socket(monkeypatch, tmp_path):
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    (tmp_path / "captools").mkdir()
    (tmp_path / "captools").chmod(0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    control = prepare(TARGET).control
    assert control is None or control.parent != tmp_path / "captools"


@pytest.mark.lab
def test_a_jump_host_of_the_users_own_configuration_works_untouched(node):
    target = node.sshd()
    keys = node.folder
    config = (keys / "sshd_config").read_text().replace("10.9.0.1:22", "10.9.0.2:22")
    (keys / "jump_config").write_text(config)
    node.inside("ip", "link", "set", "lo", "up", peer=True)
    node.inside("mount", "-t", "tmpfs", "tmpfs", "/run", peer=True)
    node.inside("mkdir", "-p", "/run/sshd", peer=True)
    enter = ["nsenter", f"--target={node.peer_pid}", "--net", "--mount", "--uts", "--"]
    jump = [*enter, "/usr/sbin/sshd", "-D", "-f", str(keys / "jump_config")]
    node.processes.append(subprocess.Popen(jump, stderr=subprocess.DEVNULL))
    known = f"  UserKnownHostsFile {keys}/known_hosts\n  GlobalKnownHostsFile none\n  HostKeyAlias n1\n"
    (keys / "jump_ssh").write_text(
        f"Host inner\n  HostName 10.9.0.1\n  ProxyJump jump\n{known}"
        f"Host jump\n  IdentityFile {keys}/client\n  User root\n{known}"
        f"  ProxyCommand nsenter --target={node.peer_pid} --net {sys.executable} {keys}/relay.py 10.9.0.2 22\n"
    )
    way = Way(replace(target, address="inner", ssh_config=keys / "jump_ssh"), cut_the_line)
    deadline = time.monotonic() + 10
    while (done := way.run("hostname; echo $SSH_CONNECTION")).returncode and time.monotonic() < deadline:
        time.sleep(0.1)  # the jump host's sshd is starting
    assert done.stdout.startswith(b"n1\n10.9.0.2 ") and done.stdout.endswith(b" 10.9.0.1 22\n"), done.stderr


@pytest.mark.lab
def test_a_stranger_and_a_wrong_key_are_told_from_each_other(node):
    target = node.sshd()
    (node.folder / "other").mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(node.folder / "other/key")], check=True)
    refused = Way(replace(target, key=node.folder / "other/key"), cut_the_line).run("true")
    (node.folder / "known_hosts").write_text("")
    stranger = Way(target, cut_the_line).run("true")
    found = [ssh.explain(target, done.stderr.decode()) for done in (refused, stranger)]
    assert [one[0].partition(" (")[0] for one in found if one] == [
        "ssh login refused",
        "its host key is not known here",
    ]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("ssh: connect to host 192.0.2.1 port 22: Connection refused\n", "connection refused"),
        ("ssh: connect to host 192.0.2.1 port 22: Connection timed out\n", "no answer"),
        ("ssh: Could not resolve hostname w1: Name or service not known\n", "does not resolve"),
        ("No ED25519 host key is known for n1 …\nHost key verification failed.\n", "host key is not known here"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n",
            "not the one in known",
        ),
        ("root@192.0.2.1: Permission denied (publickey).\n", "login refused"),
        ("kex_exchange_identification: Connection closed by remote host\n", "closed"),
    ],
)
def test_what_ssh_says_becomes_a_sentence(said, wrong):
    explained = ssh.explain(TARGET, said)
    assert explained is not None and wrong in explained[0] and "root@192.0.2.1:2222" in explained[0] and explained[1]


def test_other_words_are_not_explained_away():
    assert ssh.explain(TARGET, "Traceback (most recent call last)") is None


def test_without_an_ssh_client_the_tool_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match="no ssh client"):
        ssh.argv(TARGET, "true")
