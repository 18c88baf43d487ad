"""Getting the agent onto a node."""

from __future__ import annotations

import ast
import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from captools.collect.launch import LAUNCHER, NO_PYTHON, OLD_PYTHON, agent_bytes, pyz
from captools.collect.protocol import MAGIC, Unpacker, command, document


def launch(shell: str, sent: bytes = b"", **environ: str) -> tuple[bytes, bytes]:
    """Run the launcher in a shell, send the agent, say goodbye; return what came."""
    done = subprocess.run(
        [shell, "-c", LAUNCHER],
        input=sent or agent_bytes(facts=False) + command("bye"),
        capture_output=True,
        timeout=20,
        env={**os.environ, **environ},
        check=False,
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "csh"])
def test_the_agent_runs_from_memory_in_any_shell(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    out, err = launch(shell, SSH_CONNECTION="192.0.2.1 5 192.0.2.2 22", TMPDIR=str(tmp_path))
    assert out.startswith(MAGIC), err
    kind, _, payload = next(iter(Unpacker().feed(out)))
    assert kind == b"H" and document(payload)["ssh_connection"] == "192.0.2.1 5 192.0.2.2 22"
    assert not list(tmp_path.iterdir())


def test_without_memfd_a_private_file_stands_in_and_is_gone_at_once(tmp_path):
    sent = agent_bytes(facts=False).replace(b"os.memfd_create(", b"os.memfd_refused(") + command("bye")
    out, err = launch("sh", sent, TMPDIR=str(tmp_path))
    assert out.startswith(MAGIC), err
    assert not list(tmp_path.iterdir())


def test_an_agent_that_did_not_arrive_whole_is_said():
    out, err = launch("sh", agent_bytes()[:-100])
    assert out == b"" and b"did not arrive whole" in err


def test_a_node_without_python_says_the_launchers_words(tmp_path):
    (tmp_path / "id").symlink_to("/usr/bin/id")
    out, err = launch("/bin/sh", PATH=str(tmp_path))
    assert out == b"" and NO_PYTHON in err.decode()


def test_an_old_python_is_refused_before_anything_newer_is_read():
    line = agent_bytes().partition(b"\n")[0].decode()
    assert line.index("version_info") < line.index(OLD_PYTHON) < line.index("memfd_create")
    # The line itself is the oldest syntax there is.
    ast.parse(line, feature_version=(3, 4))


def test_the_line_survives_every_login_shell():
    assert "\n" not in LAUNCHER and "!" not in LAUNCHER


def test_the_zipapp_is_the_same_every_time_and_holds_every_file_of_the_agent_and_nothing_else():
    packed = pyz()
    assert packed == pyz()
    folder = Path(__file__).parents[2] / "captools" / "agent"
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = set(archive.namelist())
        assert names == {"__main__.py", "captools/__init__.py"} | {
            f"captools/agent/{p.name}" for p in folder.glob("*.py")
        }
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_zipapp_that_lies_on_the_node_serves_too(tmp_path):
    file = tmp_path / "agent.pyz"
    file.write_bytes(pyz())
    done = subprocess.run(
        ["python3", "-I", str(file)], input=command("bye"), capture_output=True, timeout=20, check=False
    )
    assert done.stdout.startswith(MAGIC), done.stderr
