"""Getting the agent onto a node."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from captools.collect.launch import LAUNCHER, MODULES, NO_PYTHON, agent_line
from captools.collect.protocol import MAGIC, Unpacker, command, document


def launch(shell: str, **environ: str) -> tuple[bytes, bytes]:
    """Run the launcher in a shell, send the agent, say goodbye; return what came."""
    done = subprocess.run(
        [shell, "-c", LAUNCHER],
        input=agent_line() + command("bye"),
        capture_output=True,
        timeout=20,
        env={**os.environ, **environ},
        check=False,
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_agent_runs_from_memory_in_any_shell(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    out, err = launch(shell, SSH_CONNECTION="192.0.2.1 5 192.0.2.2 22")
    assert out.startswith(MAGIC), err
    kind, _, payload = next(iter(Unpacker().feed(out)))
    assert kind == b"H" and document(payload)["ssh_connection"] == "192.0.2.1 5 192.0.2.2 22"


def test_a_node_without_python_says_the_launchers_words(tmp_path):
    (tmp_path / "id").symlink_to("/usr/bin/id")
    out, err = launch("/bin/sh", PATH=str(tmp_path))
    assert out == b"" and NO_PYTHON in err.decode()


def test_an_old_python_is_refused_before_anything_newer_is_read():
    line = agent_line().decode()
    assert line.count("\n") == 1 and line.index("version_info") < line.index("b64decode")
    # The line itself is the oldest syntax there is.
    import ast

    ast.parse(line, feature_version=(3, 4))


def test_the_line_survives_every_login_shell():
    assert "\n" not in LAUNCHER and "!" not in LAUNCHER


def test_every_file_of_the_agent_is_sent():
    folder = Path(__file__).parents[2] / "captools" / "agent"
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == {name.rpartition(".")[2] for name in MODULES}
