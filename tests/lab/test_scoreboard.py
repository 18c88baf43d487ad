"""Every scenario, run once on the lab: captools says what it must of each, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from captools.lab.catalogue import catalogue
from captools.lab.scenario import Scenario
from captools.lab.scoreboard import run_all
from captools.lab.topology import Mode
from captools.model.errors import CaptureFailed

pytestmark = pytest.mark.lab
RUNS = 1  # ten in a row under `make deep`: see the Makefile


@pytest.mark.timeout(900)
def test_every_scenario_says_what_it_must_and_nothing_else(needs_root, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "captools.cli", "lab", "run", "all", "--jobs", "4", "--strict", "--json", "-o", str(tmp_path)],
        capture_output=True, text=True, timeout=850, check=False,
    )  # fmt: skip
    scores = json.loads(done.stdout)["scores"]
    assert [one for one in scores if not one["right"]] == []
    assert done.returncode == 0
    assert {one["scenario"] for one in scores} == {name for name, one in catalogue().items() if not one.long}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (CaptureFailed("the traffic generator is gone"), "the traffic generator is gone"),
        (KeyError("web"), "KeyError: 'web'"),
    ],
)
def test_a_scenario_that_cannot_run_has_a_score_that_says_why(needs_root, tmp_path, error, says):
    def broken(lab):
        raise error

    scenario = Scenario(id="s0-broken", title="x", mode=Mode.NATIVE, traffic=broken, expected=())
    (one,) = run_all([scenario], tmp_path, jobs=1, name="broken", say=lambda text: None)
    assert not one.right and says in one.error
