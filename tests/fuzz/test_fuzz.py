"""Every reader is fuzzed a few seconds in each test run; `make deep` goes on for as long as one likes."""

from __future__ import annotations

import base64
import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fuzz.__main__ import Outcome, fuzz
from tests.fuzz.registry import Variant, variants

SECONDS = 60  # of all of them together
AT_ONCE = 2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="no wheel of atheris for this machine"),
]


@pytest.mark.timeout(900)
def test_no_input_of_a_minute_breaks_a_reader(tmp_path, capsys):
    chosen = variants()
    seconds = max(SECONDS // len(chosen), 5)

    def run(one: Variant) -> tuple[Variant, Outcome]:
        return one, fuzz(one, seconds, None, tmp_path / one.name)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(run, chosen))
    with capsys.disabled():
        print("", *(outcome.summary(one.name) for one, outcome in outcomes), sep="\n")
    broken = [f"{outcome.crash}\n{_inputs(tmp_path / one.name)}" for one, outcome in outcomes if outcome.crash]
    assert not broken, "\n\n".join(broken)
    idle = [one.name for one, outcome in outcomes if outcome.executions < 10 or outcome.edges < 10]
    assert not idle, f"hardly any input was tried, or none guided the search: {idle}"


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
