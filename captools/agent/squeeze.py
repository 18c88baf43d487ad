"""Compression on the way home, measured and not assumed: used while it brings more packets home per second.

Only where bytes pile up. A piece is compressed now and then to see what it takes and what it saves; that is
compared with how fast the way home takes bytes as they are.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import time
import zlib
from typing import Any, Callable, Optional, Tuple

from captools.agent import frames
from captools.agent.outputs import environment

TRY_EVERY_S = 3.0
WINDOW_S = 0.3  # of a way home that is never idle, for knowing its speed
WORTH = 0.8  # compressed bytes per byte; above, the gain is not worth the node's processor
HEADROOM = 1.25  # compression must be so much faster than the way home
PROGRAM_TIMEOUT_S = 5.0

Compressor = Callable[[bytes], bytes]


def compressor() -> Tuple[int, Compressor]:
    """Return the best there is on this node: Python's own zstd (3.14), the zstd program, else zlib."""
    try:
        module: Any = importlib.import_module("compression.zstd")
        return frames.ZSTD, lambda data: bytes(module.compress(data, 1))
    except ImportError:
        pass
    program = shutil.which("zstd", path=environment()["PATH"])
    if program is not None:
        command = [program, "-q", "-1", "-c"]
        return frames.ZSTD, lambda data: _through(command, data)
    return frames.ZLIB, lambda data: zlib.compress(data, 1)


def _through(command: "list[str]", data: bytes) -> bytes:
    done = subprocess.run(
        command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PROGRAM_TIMEOUT_S, check=True
    )
    return done.stdout


class Squeeze:
    """Decides and compresses. ``mode``: "auto", "never" or "always"."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.active = mode == "always"
        self.rate = 0.0  # bytes per second that the way home takes; 0 where nothing has piled up yet
        self._codec = frames.RAW
        self._compress: Optional[Compressor] = None
        self._tried = -TRY_EVERY_S
        self._since: Optional[float] = None
        self._sent = 0

    def sent(self, count: int, now: float, more: bool) -> None:
        """Learn that ``count`` bytes have left, and whether others wait behind them."""
        if not more:
            self._since = None
            return
        if self._since is None:
            self._since, self._sent = now, 0
            return
        self._sent += count
        if now - self._since >= WINDOW_S:
            self.rate = self._sent / (now - self._since)
            self._since = None

    @property
    def large(self) -> bool:
        """True where the next piece should be a large one: it is compressed, or compression is tried on it."""
        trial = self.mode == "auto" and self.rate > 0 and time.monotonic() - self._tried >= TRY_EVERY_S
        return self.active or trial

    def pack(self, data: bytes, piled: bool) -> Tuple[int, bytes]:
        """Return (codec, bytes) for a piece of a stream; ``piled``: more of it waits on the disk."""
        if self.mode == "never" or not piled and self.mode == "auto":
            return frames.RAW, data
        if self.mode == "auto":
            now = time.monotonic()
            trial = self.rate > 0 and now - self._tried >= TRY_EVERY_S
            if not (self.active or trial):
                return frames.RAW, data
            if trial:
                return self._try(data, now)
        return self._squeezed(data)

    def _try(self, data: bytes, now: float) -> Tuple[int, bytes]:
        self._tried = now
        self._prepare()
        begun = time.perf_counter()
        codec, packed = self._squeezed(data)
        speed = len(data) / max(1e-6, time.perf_counter() - begun)
        self.active = codec != frames.RAW and len(packed) < WORTH * len(data) and speed > HEADROOM * self.rate
        return codec, packed

    def _prepare(self) -> None:
        if self._compress is None:
            self._codec, self._compress = compressor()

    def _squeezed(self, data: bytes) -> Tuple[int, bytes]:
        self._prepare()
        assert self._compress is not None
        try:
            packed = self._compress(data)
        except (OSError, subprocess.SubprocessError, zlib.error):
            self._codec, self._compress = frames.ZLIB, lambda raw: zlib.compress(raw, 1)  # the program is no help
            return frames.RAW, data
        return (self._codec, packed) if len(packed) < len(data) else (frames.RAW, data)
