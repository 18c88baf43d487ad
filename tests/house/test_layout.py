"""The house: each source file has its test, files stay small, and the top level is what the design fixes."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ("captools", "captures", "dissectors", "tui")
MAX_LINES = 400
# Tested through what uses them: plain values whose only behaviour is their fields.
VALUES_ONLY = {
    "captools/model/carried.py", "captools/model/analysis.py", "captools/model/evidence.py", "captools/model/encryption.py",
    "captools/model/findings.py", "captools/model/paths.py", "captools/model/requests.py",
    "captools/model/sources.py", "captools/model/packets.py", "captools/store/capture.py",
}  # fmt: skip


def sources() -> list[Path]:
    return sorted(
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "sessions" not in path.parts and "__pycache__" not in path.parts
    )


def home_of(path: Path) -> Path:
    parts = path.parts[1:] if path.parts[0] == "captools" else path.parts
    return Path("tests", *parts[:-1], f"test_{parts[-1]}")


@pytest.mark.parametrize("path", sources(), ids=str)
def test_each_source_file_has_its_test_at_the_same_place(path: Path) -> None:
    if path.name in ("__init__.py", "__main__.py") or path.as_posix() in VALUES_ONLY:
        return
    assert (ROOT / home_of(path)).is_file(), f"{path} has no {home_of(path)}"


@pytest.mark.parametrize("path", sources(), ids=str)
def test_files_are_about_one_thing_and_say_which(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES, f"{path} has outgrown one idea: split it by meaning"
    assert ast.get_docstring(ast.parse(text)), f"{path} does not say what it is"


def test_the_top_level_is_what_the_design_fixes() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert folders - {"demo", "dist", "build"} == {*PACKAGES, "tests"}


def test_no_test_folder_is_a_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_the_wheel_holds_all_four_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert tuple(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES


def test_nothing_runs_through_a_shell() -> None:
    for path in sources():
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "shell":
                pytest.fail(f"{path}:{node.value.lineno}: shell=")
            if isinstance(node, ast.Attribute) and node.attr in ("system", "popen") and ast.unparse(node.value) == "os":
                pytest.fail(f"{path}:{node.lineno}: {ast.unparse(node)}")
