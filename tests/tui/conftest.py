"""The frozen analyses of tests/sample.py, and what stands on the screen."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType

import pytest
from textual.app import App

SIZES = [(80, 24), (120, 40)]


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_of_tui", Path(__file__).parents[1] / "sample.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=SIZES, ids=["80x24", "120x40"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Both terminals that every screen must fit."""
    chosen: tuple[int, int] = request.param
    return chosen


@pytest.fixture
def shown() -> Callable[[App[None]], str]:
    """Return the letters on the screen, line by line, as a person would see them."""

    def text(app: App[None]) -> str:
        return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

    return text


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait for a condition that needs a few turns of the app's loop; fail after ten seconds."""

    async def wait(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, "the screen never came to show it"
            await asyncio.sleep(0.01)

    return wait
