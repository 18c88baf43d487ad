"""The program that is put into Wireshark's folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from captools.collect.extcap import install as extcap_install
from captools.collect.extcap.install import install, personal_folder, program
from captools.model.errors import ToolMissing, UsageError


def test_tshark_finds_what_stands_in_its_personal_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    path = install(personal_folder(), None)
    assert tmp_path in path.parents and path.name == "captools" and path.stat().st_mode & 0o777 == 0o700
    path.write_text("#!/bin/sh\necho 'interface {value=found-it}{display=x}'\n")
    done = subprocess.run(["tshark", "-D"], capture_output=True, text=True, timeout=60, check=True)
    assert "found-it" in done.stdout


def stand_in(folder: Path, shown: str) -> None:
    """Put a package of captools' name there that prints something: what the program handed over."""
    home = folder / "captools" / "cli"
    home.mkdir(parents=True)
    for place in (home, home.parent):
        (place / "__init__.py").write_text("")
    (home / "main.py").write_text(f"import sys\ndef script(): print({shown})\n")


HOSTILE = "a'b\"c$(touch x)`touch y`\n\\n{é}.toml"


def test_any_path_of_a_toml_arrives_as_it_is_and_runs_nothing(tmp_path):
    stand_in(tmp_path, "sys.argv[1:]")
    config = tmp_path / HOSTILE
    config.write_text("")
    path = tmp_path / "run"
    path.write_text(program(sys.executable, config, (str(tmp_path),)), "utf-8")
    path.chmod(0o700)
    environ = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([path, "--x"], capture_output=True, check=True, cwd=tmp_path, timeout=30, env=environ)
    assert done.stdout.decode().strip() == repr(["extcap", "--config", str(config), "--x"])
    assert {one.name for one in tmp_path.iterdir()} == {"captools", HOSTILE, "run"}


def test_a_python_whose_name_no_first_line_holds_is_started_by_another(tmp_path):
    python = tmp_path / "my python"
    python.symlink_to(sys.executable)
    stand_in(tmp_path, "sys.executable")
    path = tmp_path / "run"
    path.write_text(program(str(python), None, (str(tmp_path),)))
    path.chmod(0o700)
    done = subprocess.run([path], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == str(python)


def test_ours_is_replaced_and_anything_else_is_left(tmp_path):
    first = install(tmp_path / "new" / "extcap", None)
    assert install(tmp_path / "new" / "extcap", Path("/etc/captools.toml")) == first
    assert "/etc/captools.toml" in first.read_text()
    first.write_text("#!/bin/sh\n")
    with pytest.raises(UsageError, match="is there and not ours"):
        install(tmp_path / "new" / "extcap", None)
    (tmp_path / "captools").symlink_to(first)
    with pytest.raises(UsageError, match="is there and not ours"):
        install(tmp_path, None)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        install(tmp_path / "file", None)


@pytest.mark.parametrize(
    ("said", "folder"),
    [
        ("Personal configuration:\t/h/.config/wireshark\nExtcap path: \t/usr/x\n", "/h/.config/wireshark/extcap"),
        ("Personal configuration: /h/w\nPersonal Extcap path: /h/.local/lib/wireshark/extcap\n",
         "/h/.local/lib/wireshark/extcap"),
    ],
)  # fmt: skip
def test_newer_and_older_versions_tell_their_folder_differently(tmp_path, monkeypatch, said, folder):
    (tmp_path / "said").write_text(said)
    (tmp_path / "tshark").write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
    (tmp_path / "tshark").chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert personal_folder() == Path(folder)
    (tmp_path / "said").write_text("")
    with pytest.raises(UsageError, match="does not tell its folders"):
        personal_folder()
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(ToolMissing, match="give the folder"):
        personal_folder()


def test_a_checkout_is_found_again_and_an_installed_package_needs_no_path(tmp_path):
    roots = extcap_install._roots()
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {list(roots)!r}; import captools.cli.main"],
        capture_output=True, timeout=60, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
