"""Real agents: channel processes over pipes, with keepers, spools in a folder of the test's own, and real tools."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from captools.agent import frames

RUN = "from captools.agent.main import main; main(False)"
PATIENCE_S = 20.0
STREAMS = ("data", "text", "said")


class Controller:
    """The other end of an agent's channel; keeps what came home, per channel and stream."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.process = subprocess.Popen([python, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self.process.stdout is not None and self.process.stdin is not None
        self.out, self.stdin = self.process.stdout, self.process.stdin
        os.set_blocking(self.out.fileno(), True)
        self.unpacker = frames.Unpacker()
        self.seen: list[tuple[bytes, int, Any]] = []  # every frame but DATA
        self.home: dict[tuple[int, str], bytearray] = {}
        self.starts: dict[tuple[int, str], int] = {}  # offset of the first byte that came
        self.gaps: list[tuple[int, str, int]] = []  # where a stream went on elsewhere
        self.codecs: set[int] = set()
        self.wire = 0  # bytes of streams as they crossed the way home
        greeting = b""
        while not greeting.endswith(frames.MAGIC):
            greeting += self.out.read(1)

    def send(self, do: str, **details: object) -> None:
        self.stdin.write(frames.pack_json(frames.COMMAND, 0, {"do": do, "dir": str(self.folder), **details}))

    def start(
        self, *scripts: str, capture: str = "c", ship: bool = False, spec: object = None, **options: object
    ) -> None:
        tools = [
            {"channel": number, "argv": ["sh", "-c", script], "ready": "listening", **(spec or {})}  # type: ignore[dict-item]
            for number, script in enumerate(scripts, 1)
        ]
        self.send("start", capture=capture, tools=tools, **options)
        if ship:
            self.ship(*range(1, len(scripts) + 1), capture=capture)

    def ship(self, *channels: int, capture: str = "c", **options: object) -> None:
        """Ask for everything that is not here yet."""
        streams = [
            {"channel": channel, "stream": name, "from": self.end(channel, name)}
            for channel in channels
            for name in STREAMS
        ]
        self.send("ship", capture=capture, streams=streams, **options)

    def end(self, channel: int, name: str) -> int:
        return self.starts.get((channel, name), 0) + len(self.home.get((channel, name), b""))

    def take(self, *, timeout_s: float = PATIENCE_S) -> bool:
        """Take what comes next; False at the end of the channel."""
        data = os.read(self.out.fileno(), 1 << 20)
        for kind, channel, payload in self.unpacker.feed(data):
            if kind == frames.DATA:
                self._keep(channel, payload)
            else:
                self.seen.append((kind, channel, json.loads(payload)))
        return bool(data)

    def _keep(self, channel: int, payload: bytes) -> None:
        code, codec, offset, raw = frames.DATA_HEADER.unpack_from(payload)
        data = plain(codec, payload[frames.DATA_HEADER.size :])
        self.codecs.add(codec)
        self.wire += len(payload)
        assert len(data) == raw <= frames.MAX_RAW
        key = (channel, frames.STREAMS[code])
        if key not in self.home:
            self.starts[key] = offset
        elif offset != self.end(*key):
            assert offset > self.end(*key), "bytes came twice"
            self.gaps.append((*key, offset))
            self.starts[key] = offset - len(self.home[key])
        self.home.setdefault(key, bytearray()).extend(data)

    def until(self, condition: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
        """Take frames until something holds; return it. The agent speaks every second."""
        deadline = time.monotonic() + timeout_s
        while not (found := condition()):
            assert time.monotonic() < deadline, f"not within {timeout_s} s; the last frames: {self.seen[-4:]}"
            assert self.take(), "the agent closed its channel"
        return found

    def next(self, kind: bytes, channel: int = 0) -> Any:
        """Return the next document of this kind."""

        def found() -> Any:
            for index, (was, where, document) in enumerate(self.seen):
                if was == kind and where == channel:
                    del self.seen[index]
                    return document
            return None

        return self.until(found)

    def all(self, kind: bytes) -> list[tuple[int, Any]]:
        return [(channel, document) for was, channel, document in self.seen if was == kind]

    def state(self, condition: Callable[[Any], Any] = lambda state: True) -> Any:
        """Return the first STATE from now on that fulfils the condition."""
        while True:
            state = self.next(frames.STATE)
            if condition(state):
                return state

    def exits(self, *channels: int) -> dict[int, Any]:
        """Wait for the tools' ends, and until everything they wrote is here; return their reports."""

        def ended() -> Any:
            reports = {channel: report for channel, report in self.all(frames.EXIT) if channel in channels}
            return reports if len(reports) == len(channels) else None

        reports = self.until(ended)
        self.until(lambda: all(self.end(c, s) >= e for c, r in reports.items() for s, e in r["ends"].items()))
        return dict(reports)

    def close(self) -> None:
        """Cut the connection, as a lost link does."""
        self.process.kill()
        self.process.wait(5)
        self.stdin.close()
        self.out.close()


@contextlib.contextmanager
def full_disk(at: int = 0) -> Iterator[None]:
    """Let no file grow beyond ``at`` bytes: what a write then says is an OSError, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def plain(codec: int, data: bytes) -> bytes:
    """Undo the compression of one DATA with other people's programs."""
    if codec == frames.RAW:
        return data
    if codec == frames.ZLIB:
        return zlib.decompress(data)
    return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[[], Controller]]:
    """Connections to this machine; whatever they leave behind is taken away."""
    made: list[Controller] = []

    def one(python: str = sys.executable) -> Controller:
        made.append(Controller(tmp_path, python))
        return made[-1]

    yield one
    for controller in made:
        with contextlib.suppress(ValueError):
            controller.close()
    # A keeper that is killed leaves no tool behind: its warden ends them.
    for state in tmp_path.glob("captools-*/*/state.json"):
        with contextlib.suppress(ValueError, KeyError, OSError):
            os.kill(json.loads(state.read_text())["state"]["pid"], signal.SIGKILL)


@pytest.fixture
def agent(connect: Callable[[], Controller]) -> Controller:
    return connect()
