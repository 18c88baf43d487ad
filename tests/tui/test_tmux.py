"""The program in a real terminal: keys in, letters out, exit code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

START = Path(__file__).with_name("start_sample.py")
ROOT = Path(__file__).parents[2]


class Terminal:
    """A tmux server of its own, without anybody's configuration."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self._socket = str(folder / "tmux")
        self.exit_code = folder / "exit"
        self._size = size

    def tmux(self, *words: str) -> str:
        argv = ["tmux", "-f", "/dev/null", "-S", self._socket, *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout

    def start(self, name: str) -> None:
        # The quotes stand around names this test made itself; tmux hands the line to sh.
        line = f"'{sys.executable}' '{START}' {name}; echo $? > '{self.exit_code}'"
        width, height = (str(number) for number in self._size)
        self.tmux("new-session", "-d", "-x", width, "-y", height, "-c", str(ROOT), "sh", "-c", line)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def wait(self, words: str) -> str:
        end = time.monotonic() + 30
        while True:
            text = self.screen()
            if words in text:
                return text
            assert time.monotonic() < end, f"{words!r} did not appear on:\n{text}"
            time.sleep(0.05)  # between two looks at the condition

    def leave(self) -> int:
        self.tmux("send-keys", "q")
        end = time.monotonic() + 20
        while not (self.exit_code.exists() and self.exit_code.read_text().strip()):
            assert time.monotonic() < end, "it did not quit"
            time.sleep(0.05)
        return int(self.exit_code.read_text())

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], capture_output=True, timeout=20, check=False)


@pytest.fixture(params=[(80, 24), (120, 40)], ids=["80x24", "120x40"])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        assert os.geteuid() != 0, "tmux is missing: apt-get install tmux"
        pytest.skip("needs tmux (apt-get install tmux)")
    made = Terminal(tmp_path, request.param)
    yield made
    made.close()


def test_keys_lead_to_the_ladder_and_q_leaves_with_success(terminal: Terminal):
    terminal.start("s8")
    terminal.wait("snat-ingress-ip")
    terminal.tmux("send-keys", "2")
    terminal.wait("Requests 4")
    terminal.tmux("send-keys", "Enter")
    terminal.wait("client leg, request way")
    terminal.tmux("send-keys", "Escape")
    terminal.wait("Requests 4")
    terminal.tmux("send-keys", "?")
    terminal.wait("Keys: Requests")
    terminal.tmux("send-keys", "?")
    terminal.tmux("send-keys", "3")
    terminal.wait("Flows 2")
    assert terminal.leave() == 0


def test_a_hostile_capture_cannot_paint_on_the_terminal(terminal: Terminal):
    terminal.start("hostile")
    terminal.wait("\\e[31m")
    terminal.tmux("send-keys", "2")
    text = terminal.wait("Requests 4")
    assert "captools" in text.splitlines()[0], "an erase or a cursor move would have wiped the first line"
    assert "\u202e" not in text
    assert terminal.leave() == 0
