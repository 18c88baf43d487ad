"""Labs shared by the tests: one per kind of cluster, brought up when first asked for and taken down at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from captools.lab.cluster import Lab
from captools.lab.netns import Machine
from captools.lab.topology import Mode

LabOf = Callable[..., Lab]
Watch = Callable[..., "Watched"]


class Watched:
    """What a tool run beside the test printed; complete after the ``with`` block."""

    text = ""


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the tests' labs away from the user's own."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def needs_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.fixture(scope="session")
def lab_of(needs_root: None) -> Iterator[LabOf]:
    """Return the running lab of a mode; each is built once for all tests."""
    labs: dict[tuple[Mode, bool], Lab] = {}

    def get(mode: Mode, *, endpoint_routes: bool = False) -> Lab:
        key = (mode, endpoint_routes)
        if key not in labs:
            lab = Lab(mode=mode, name=f"test-{mode.value}-{int(endpoint_routes)}", endpoint_routes=endpoint_routes)
            lab.up()
            labs[key] = lab
        return labs[key]

    yield get
    for lab in labs.values():
        lab.down()


@pytest.fixture(scope="session")
def watch() -> Callable[[Machine, str, str], object]:
    """Run tcpdump's text output on one interface of a machine during a block."""

    @contextmanager
    def during(machine: Machine, interface: str, bpf: str) -> Iterator[Watched]:
        # A short snap length: in immediate mode the ring holds few packets of the largest size.
        process = machine.start(["tcpdump", "-n", "-l", "--immediate-mode", "-s", "300", "-i", interface, bpf])
        assert process.stderr is not None
        while "listening on" not in (line := process.stderr.readline()):
            assert line, "tcpdump did not start"
        watched = Watched()
        try:
            yield watched
            time.sleep(0.3)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            watched.text = process.communicate(timeout=10)[0].strip()

    return during


@pytest.fixture
def host_state() -> Callable[[], tuple[str, ...]]:
    """Return what a lab must not change on the host: interfaces, addresses, routes, mounts, named namespaces."""

    def look() -> tuple[str, ...]:
        commands = (
            ["ip", "-br", "link"],
            ["ip", "-br", "addr"],
            ["ip", "route", "show", "table", "all"],
            ["ip", "netns"],
        )
        texts = [subprocess.run(argv, capture_output=True, text=True).stdout for argv in commands]
        return (*texts, Path("/proc/self/mounts").read_text())

    return look
