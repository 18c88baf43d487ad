"""Capture progress on stderr: a live block of lines on a terminal, one table at the end everywhere."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TextIO

from captools.collect.clean import clean
from captools.collect.progress import PointProgress
from captools.model.session import Manifest, PointRecord
from captools.model.units import size


def columns(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return rows as aligned lines; the first ``left`` columns stand left, the others (numbers) right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i < left or i == len(row) - 1 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _way(lag: int | None) -> str:
    """What rests on the node and is not home yet."""
    return "" if lag is None else f"{size(lag)} to come"


def _state(one: PointProgress) -> str:
    spool = f"spool {100 * one.used // one.limit} %" if one.used is not None and one.limit else ""
    return ", ".join(filter(None, (str(one.state), spool, clean(one.trouble, 60))))


class LiveBlock:
    """One line per point, drawn over and over; per node where the terminal is too low; silent into a file."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.live = stream.isatty()
        self._points: dict[str, PointProgress] = {}
        self._round: set[str] = set()
        self._drawn = 0

    def update(self, progress: PointProgress) -> None:
        """Take one point's news; draws when every point has told its own."""
        name = str(progress.point)
        self._points[name] = progress
        self._round.add(name)
        if self.live and len(self._round) == len(self._points):
            self._round.clear()
            self._draw()

    def say(self, sentence: str) -> None:
        """Print a warning above the block."""
        self._erase()
        self.stream.write(f"captools: {clean(sentence, 2000)}\n")
        self.stream.flush()

    def close(self) -> None:
        """Take the block away: the final table replaces it."""
        self._erase()
        self.stream.flush()

    def _draw(self) -> None:
        width, height = shutil.get_terminal_size()
        lines = columns(self._rows(per_node=len(self._points) > height - 3))
        self._erase()
        shown = lines[: max(1, height - 2)]
        self.stream.write("".join(line[: width - 1] + "\n" for line in shown))
        self.stream.flush()
        self._drawn = len(shown)

    def _rows(self, *, per_node: bool) -> list[tuple[str, ...]]:
        if not per_node:
            return [
                (
                    clean(name, 60),
                    size(one.bytes),
                    f"{one.packets:,} packets",
                    f"{_count(one.dropped)} dropped",
                    _way(one.lag),
                    _state(one),
                )
                for name, one in self._points.items()
            ]
        rows: list[tuple[str, ...]] = []
        for node in dict.fromkeys(one.point.node for one in self._points.values()):
            here = [one for one in self._points.values() if one.point.node == node]
            known = [one.dropped for one in here if one.dropped is not None]
            lags = [one.lag for one in here if one.lag is not None]
            rows.append(
                (
                    clean(node, 60),
                    size(sum(one.bytes for one in here)),
                    f"{sum(one.packets for one in here):,} packets",
                    f"{_count(sum(known) if known else None)} dropped",
                    _way(sum(lags) if lags else None),
                    ", ".join(filter(None, (f"{len(here)} points", clean(here[0].trouble, 60)))),
                )
            )
        return rows

    def _erase(self) -> None:
        if self._drawn:
            # The terminal's own ^C may have moved the cursor to the right.
            self.stream.write(f"\r\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0


def _end(point: PointRecord, manifest: Manifest) -> str:
    if not point.ok:
        return "failed" if not point.file else "failed, kept what came"
    if point.lost_bytes and manifest.mode != "ring":
        return f"kept, {size(point.lost_bytes)} lost"
    return "kept" if point.stopped or manifest.complete else "runs on"


def final_table(manifest: Manifest) -> str:
    """Return what every point gave: bytes, packets, the tool's own three counts, and why one failed."""
    rows = [("POINT", "BYTES", "PACKETS", "CAPTURED", "RECEIVED", "DROPPED", "STATE")]
    for point in manifest.points:
        rows.append(
            (
                clean(point.point, 60),
                size(point.bytes),
                _count(point.packets),
                _count(point.counts.captured),
                _count(point.counts.received),
                _count(point.counts.dropped),
                _end(point, manifest),
            )
        )
    rows += [(clean(node.name, 60), "-", "-", "-", "-", "-", "failed") for node in manifest.nodes if not node.ok]
    return "\n".join(columns(rows))
