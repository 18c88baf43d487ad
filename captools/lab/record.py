"""Record a scenario: build its cluster, capture on every node, drive the traffic, keep what happened beside it."""

from __future__ import annotations

import json
import re
import threading
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.targets import read_config
from captools.lab.cluster import Lab
from captools.lab.scenario import Scenario
from captools.lab.skew import Skew, expected_of, skew_session
from captools.lab.tomltext import to_toml
from captools.lab.truth import Truth
from captools.model.errors import CaptureFailed, UsageError
from captools.model.session import Manifest
from captools.store.atomic import write_text
from captools.store.session import MANIFEST

CASE_FILE = "case.toml"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+')
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded run: the session folder, its manifest, and the truth about the traffic."""

    folder: Path
    manifest: Manifest
    truth: Truth


def record(
    scenario: Scenario,
    out: Path,
    *,
    name: str,
    say: Callable[[str], None],
    command: tuple[str, ...] = (),
    skews: tuple[Skew, ...] = (),
) -> Recording:
    """Run ``scenario`` from nothing to nothing and write session and ``case.toml`` into the new folder ``out``.

    ``say`` gets one line per step. ``skews``: nodes whose clocks are made to run wrong afterwards.
    CaptureFailed where a node or point failed: a reference case with holes in it would be worse than none.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} exists already", hint="choose another folder with -o, or remove it")
    say(f"building the {scenario.mode.value} cluster")
    with scenario.lab(name) as lab:
        scenario.prepare(lab)
        say("starting captures on all nodes")
        manifest, truth = _capture_while_driving(scenario, lab, out, say, command)
    failed = [f"{node.name}: {node.error}" for node in manifest.nodes if not node.ok]
    failed += [f"{point.point}: {point.error}" for point in manifest.points if not point.ok]
    if failed:
        raise CaptureFailed(f"{out}: not everything was captured ({failed[0]})", hint="try again; the rest was kept")
    _forget_the_machine(out / MANIFEST)
    for path in (out / "inventory").glob("*.json"):
        path.write_text(without_spaces(path.read_text(encoding="utf-8")), encoding="utf-8")
    case = scenario.case(truth)
    if skews:
        say("setting clocks wrong")
        manifest, case["truth"]["clocks"] = skew_session(out, skews)
        case["findings"]["expected"] += expected_of(skews)
    (out / CASE_FILE).write_text(to_toml(case), encoding="utf-8")
    return Recording(folder=out, manifest=manifest, truth=truth)


def case_of(folder: Path) -> dict[str, Any]:
    """Return the document of a recorded folder's ``case.toml``."""
    return tomllib.loads((folder / CASE_FILE).read_text(encoding="utf-8"))


def _forget_the_machine(path: Path) -> None:
    """Take out of a manifest what it tells of the machine it was recorded on: a reference case is for everybody."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for node in document["nodes"]:
        node["system"] = f"Linux {node['name']}"
    write_text(path, json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n")


def without_spaces(text: str) -> str:
    """Return a JSON document without the spaces between its tokens: a reference case is small.

    Token by token, since ``ip -j`` prints some keys twice (FACTS, section 14) and reading would lose one of them.
    """
    return "".join(_TOKEN.findall(text)) + "\n"


def _capture_while_driving(
    scenario: Scenario, lab: Lab, out: Path, say: Callable[[str], None], command: tuple[str, ...]
) -> tuple[Manifest, Truth]:
    """Run the capture in a thread of its own while the traffic is driven from this one."""
    config = read_config(lab.config_file)
    request = CaptureRequest(
        targets=config.targets,
        out=out,
        inventory=(config.inventory,) if config.inventory else (),
        command=command,
        snaplen=scenario.snaplen,
    )
    stop, started, ended = threading.Event(), threading.Event(), threading.Event()
    manifests: list[Manifest] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            manifests.append(capture(request, stop=stop, started=started, warn=say))
        except BaseException as error:  # handed to the thread that waits for us
            errors.append(error)
        finally:
            ended.set()
            started.set()

    worker = threading.Thread(target=run, name="lab-capture")
    worker.start()
    try:
        if not started.wait(_START_TIMEOUT_S):
            raise CaptureFailed(f"lab: the captures did not start within {_START_TIMEOUT_S:.0f} s")
        truth = None
        if not ended.is_set():
            say("driving the traffic")
            truth = scenario.drive(lab)
            say("stopping the captures")
    finally:
        stop.set()
        worker.join(_STOP_TIMEOUT_S)
    if errors:
        raise errors[0]
    if not manifests:
        raise CaptureFailed(f"lab: the captures did not stop within {_STOP_TIMEOUT_S:.0f} s")
    if truth is None:
        raise CaptureFailed("lab: the captures ended before any traffic was driven")
    return manifests[0], truth
