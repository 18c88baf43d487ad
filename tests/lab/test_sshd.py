from __future__ import annotations

import subprocess

import pytest

from captools.lab import sshd
from captools.lab.topology import MACHINES, Mode

pytestmark = pytest.mark.lab


def ssh(lab, host: str, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    argv = ["ssh", "-F", str(lab.directory / "ssh" / "config"), "-T", "-o", "BatchMode=yes", *options, host, command]
    return subprocess.run(argv, capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_machine_lets_us_in_by_name_and_by_address_with_strict_host_keys(lab_of, machine):
    lab = lab_of(Mode.NATIVE)
    for host in (machine, sshd.address_of(machine)):
        done = ssh(lab, host, "hostname; id -un; echo $SSH_CONNECTION", "-o", "StrictHostKeyChecking=yes")
        assert done.returncode == 0, done.stderr
        name, user, connection = done.stdout.splitlines()
        assert (name, user) == (machine, sshd.user_of(machine))
        assert connection.split()[0] == "10.0.2.2" and connection.split()[2:] == ["10.0.2.15", "22"]


def test_the_normal_user_of_k8s_w0_becomes_root_without_a_password_or_a_complaint(lab_of):
    done = ssh(lab_of(Mode.NATIVE), "k8s-w0", "id -u; sudo -n id -u")
    assert done.stdout.split() == [str(sshd.USER_ID), "0"]
    assert done.stderr == ""


def test_a_machine_with_another_host_key_is_refused(lab_of, tmp_path):
    lab = lab_of(Mode.NATIVE)
    known = (lab.directory / "ssh" / "known_hosts").read_text()
    swapped = {name: line.split(" ", 1)[1] for name, line in zip(MACHINES, known.splitlines(), strict=True)}
    wrong = tmp_path / "known_hosts"
    wrong.write_text(f"k8s-w1 {swapped['router']}\n")
    done = ssh(lab, "k8s-w1", "true", "-o", f"UserKnownHostsFile={wrong}")
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


def test_the_machines_own_accounts_are_untouched_by_the_lab_user(lab_of):
    lab_of(Mode.NATIVE)
    with open("/etc/passwd") as passwd:
        assert f":{sshd.USER_ID}:" not in passwd.read()


def test_private_keys_are_for_their_owner_only(lab_of):
    folder = lab_of(Mode.NATIVE).directory
    assert folder.stat().st_mode & 0o077 == 0
    for key in ("id_ed25519", "host_k8s-w1"):
        assert (folder / "ssh" / key).stat().st_mode & 0o077 == 0
