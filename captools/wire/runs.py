"""The compiled decode of a capture file, whatever its format: one protocol for pcap and pcapng.

Loads the kernels: captools.store.kernels.prepare comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from captools.wire.blocks import MAGIC
from captools.wire.index import no_capture
from captools.wire.kernels.pcap import PcapRun
from captools.wire.kernels.pcapng import PcapngRun
from captools.wire.kernels.session import DEFAULTS, Common, Options, Part
from captools.wire.pcap import FILE_HEADER, MAGICS
from captools.wire.records import Interface

HEAD = FILE_HEADER  # bytes of a file's beginning that tell how to read the rest


class Run(Protocol):
    """A running decode. Put the file's bytes behind its first HEAD into ``space()`` and say so with ``filled``."""

    common: Common
    rows: int  # decoded so far
    have: int  # bytes held that are not decoded yet
    before: int  # where in the file the first of these lies
    ended: bool  # nothing behind that can be decoded; further bytes are let go

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The interfaces described so far; lanes index them."""

    def space(self) -> memoryview:
        """Return where the next bytes belong; never empty."""

    def filled(self, count: int) -> Iterator[Part]:
        """Decode after ``count`` bytes were put into ``space()``; yield parts that are full."""

    def finish(self) -> Part | None:
        """Return the last rows; MalformedCapture where nothing of the file could be read."""

    def damage(self) -> str:
        """Say where and how the file ends early; the empty string where it does not."""


def open_run(head: bytes, where: str, options: Options = DEFAULTS) -> Run:
    """Return the run for a file that begins with ``head`` (its first HEAD bytes; fewer only where it is that short).

    ``where`` names the file in errors: MalformedCapture where it is no capture, or its header is cut or impossible.
    """
    if head[:4] in MAGICS:
        return PcapRun(head, where, options=options)
    if head[:4] == MAGIC:
        return PcapngRun(head, where, options=options)
    raise no_capture(head, where)


ReadInto = Callable[[memoryview], int]  # puts bytes into the space and returns how many; 0 at the end


def parts_of(run: Run, read_into: ReadInto) -> Iterator[Part]:
    """Decode all that ``read_into`` delivers; yield the parts, the last one too."""
    while count := read_into(run.space()):
        yield from run.filled(count)
    last = run.finish()
    if last is not None:
        yield last
