"""Every reader is fuzzed a few seconds in each test run; `make deep` goes on for as long as one likes."""

from __future__ import annotations

import base64
import importlib.util
import os
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fuzz.__main__ import fuzz
from tests.fuzz.registry import Variant, variants

SECONDS = 3  # for each, beside the seconds in which it begins: all its seeds are read before, however long that takes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="no wheel of atheris for this machine"),
]


@pytest.mark.parametrize("variant", variants(), ids=lambda one: one.name)
def test_no_input_of_a_few_seconds_breaks_a_reader(variant: Variant, tmp_path, capsys):
    outcome = fuzz(variant, SECONDS, None, tmp_path)
    with capsys.disabled():
        print("", outcome.summary(variant.name), sep="\n")
    assert not outcome.crash, f"{outcome.crash}\n{_inputs(tmp_path)}"
    assert outcome.executions >= 10 and outcome.edges >= 10, "hardly any input was tried, or none guided the search"


def _inputs(folder: Path) -> str:
    return "\n".join(
        f"input in base64: {base64.b64encode(file.read_bytes()).decode()[:4_000]}" for file in folder.iterdir()
    )


def test_a_broken_promise_is_reported_with_its_input_and_how_to_run_it_again(tmp_path):
    """The net holds: a reader that breaks on a byte is caught within seconds."""
    (tmp_path / "tests_fuzz_probe.py").write_text(
        "MAX_LEN = 8\n"
        "def seeds():\n    yield b'a'\n"
        "def check(data):\n    assert data[:1] != b'\\xff', 'the byte that breaks it'\n"
    )
    environ = (("PYTHONPATH", os.pathsep.join((str(tmp_path), str(ROOT)))),)
    outcome = fuzz(Variant("probe", "tests_fuzz_probe", environ), 20, None, tmp_path / "crashes")
    (file,) = (tmp_path / "crashes").iterdir()
    assert file.read_bytes()[:1] == b"\xff"
    assert "the byte that breaks it" in outcome.crash and f"--input {file}" in outcome.crash
