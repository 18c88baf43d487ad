"""Additions: a folder of files, each checked for what it promises."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from captools.registry import additions


@pytest.fixture
def package(tmp_path: Path):
    """A package on disk with two additions and one helper."""
    folder = tmp_path / "shelf_of_rules"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "b.py").write_text("RULE = 'second'")
    (folder / "a.py").write_text("RULE = 'first'")
    (folder / "_help.py").write_text("")
    sys.path.insert(0, str(tmp_path))
    import shelf_of_rules  # type: ignore[import-not-found]

    yield shelf_of_rules
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("shelf_of_rules")]:
        del sys.modules[name]


def test_files_are_the_registry_and_helpers_are_left_out(package: ModuleType) -> None:
    assert additions(package, "RULE", str) == ["first", "second"]


def test_a_file_that_keeps_no_promise_is_our_mistake_and_named(package: ModuleType) -> None:
    with pytest.raises(TypeError, match="shelf_of_rules.a must offer RULE, a int"):
        additions(package, "RULE", int)
