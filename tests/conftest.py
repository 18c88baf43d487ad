"""Shared by all tests: hypothesis profiles, where the shared captures are, and the lab's preconditions."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import together

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

settings.register_profile("fast", max_examples=40, deadline=None, database=None)
settings.register_profile(
    "deep", max_examples=2_000, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

_FORBIDDEN = {"open", "socket.connect", "socket.bind", "subprocess.Popen", "os.system"}
_PACKAGE = str(ROOT / "captools")
_armed = False


def _refuse_io(event: str, args: tuple[object, ...]) -> None:
    """Refuse IO that our own code asked for; an import (even a late one inside a library) may read its files."""
    if not _armed or event not in _FORBIDDEN:
        return
    frame, ours = sys._getframe(), False
    while frame is not None:
        name = frame.f_code.co_filename
        if "importlib._bootstrap" in name:
            return
        ours = ours or name.startswith(_PACKAGE)
        frame = frame.f_back  # type: ignore[assignment]
    if ours:
        raise PermissionError(f"pure code did IO: {event} {args[:1]!r}")


sys.addaudithook(_refuse_io)


@pytest.fixture
def no_io():
    """Arm the audit hook while a test of a pure room runs: no file, socket or process may be opened."""
    global _armed
    _armed = True
    yield
    _armed = False


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real captures and logs beside the checkout; tests that need it skip where it is absent."""
    if not (SHARED / "captures-real").is_dir():
        pytest.skip("needs ../shared (real captures are not part of the project)")
    return SHARED


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a cache folder of its own; only the compiled kernels, which take ten seconds, are everybody's."""
    from captools.store import kernels  # late: most tests never need it

    usual, own = kernels.cache_folder(os.environ).parent, tmp_path / "xdg" / "captools"
    usual.mkdir(parents=True, exist_ok=True)
    own.mkdir(parents=True)
    (own / "kernels").symlink_to(usual)
    monkeypatch.setenv("XDG_CACHE_HOME", str(own.parent))
    return own


@pytest.fixture
def in_namespace() -> Iterator[Callable[..., str]]:
    """Give a function that runs a program in a fresh network namespace and returns what it prints."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "120"])
    here, end = os.readlink("/proc/self/ns/net"), time.monotonic() + 5
    while os.readlink(f"/proc/{holder.pid}/ns/net") == here and time.monotonic() < end:
        time.sleep(0.01)

    def run(*argv: str, check: bool = True, stdin: str = "") -> str:
        command = ["nsenter", f"--net=/proc/{holder.pid}/ns/net", *argv]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=20)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    yield run
    holder.kill()
    holder.wait()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip lab tests, with the reason, where real namespaces cannot be had; tell what runs together."""
    if os.geteuid() != 0:
        for item in items:
            if item.get_closest_marker("lab"):
                item.add_marker(pytest.mark.skip(reason="the lab needs root"))
    if _is_one_of_several(config):
        together.machine_first(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> together.Groups:
    """Tell pytest-xdist what runs together; its own groups need an attribute that pytest 9.2 has no more."""
    config.option.loadscopereorder = False
    return together.Groups(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Where this process is one of several, let those of its tests that only calculate give way."""
    if _is_one_of_several(config):
        together.give_way()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let a test that measures or records come first."""
    if not _is_one_of_several(item.config):
        return (yield)
    with together.at_its_priority(item):
        return (yield)


def _is_one_of_several(config: pytest.Config) -> bool:
    """Tell whether this is a process that pytest-xdist has started."""
    return hasattr(config, "workerinput")
