"""A short visit to one node: ask what rests there, bring a stretch of it home, remove it. Nothing stays behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from captools.collect import protocol
from captools.collect.clean import clean
from captools.collect.failures import NothingThere, lost_agent, no_agent, strange_peer
from captools.collect.link import AgentLink
from captools.collect.protocol import NotOurStream, Piece
from captools.collect.targets import Target
from captools.collect.transports import find
from captools.model.errors import CaptureFailed
from captools.model.session import ClockReading

ANSWER_TIMEOUT_S = 40.0


class Visit:
    """``with Visit(target) as visit: visit.captures()``; every call waits for its answer. Raises CaptureFailed."""

    def __init__(
        self, target: Target, *, facts: bool = False, timeout_s: float = ANSWER_TIMEOUT_S, spool_dir: str = ""
    ) -> None:
        """Connect; ``spool_dir``: where the capture lies, if it was begun with a place of its own."""
        self._place = {"dir": spool_dir} if spool_dir else {}
        found = find(target)
        if found is None:
            raise NothingThere(f"{target.name}: nothing of captools runs there", hint="captools nodes tells more")
        self.target = found
        self.hello: dict[str, Any] = {}  # what the node said of itself; with ``facts`` its network state too
        self._timeout_s = timeout_s
        self._link = AgentLink(self.target, facts=facts)
        self._frames = self._link.frames()

    def __enter__(self) -> Visit:
        self.hello = self._wait(protocol.HELLO)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._link.send("bye")
        else:
            self._link.kill()
        self._link.close()

    def captures(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Return what rests on the node, each capture as the agent tells it, and what it could not look at."""
        self._link.send("list", **self._place)
        report = self._wait(protocol.LIST)
        captures, refused = report.get("captures"), report.get("refused")
        return (
            [one for one in captures if isinstance(one, dict)] if isinstance(captures, list) else [],
            [clean(str(one)) for one in refused] if isinstance(refused, list) else [],
        )

    def peers(self) -> dict[str, Any]:
        """Return the interfaces in the node's other namespaces, as facts.read_peers takes them."""
        self._link.send("peers")
        return self._wait(protocol.PEERS)

    def clock(self) -> ClockReading:
        """Read the node's clock once."""
        before_ns = time.time_ns()
        self._link.send("clock", id=before_ns)
        node_ns = self._wait(protocol.CLOCK).get("time_ns")
        return ClockReading(
            before_ns=before_ns, node_ns=node_ns if isinstance(node_ns, int) else 0, after_ns=time.time_ns()
        )

    def attach(self, capture: str) -> dict[str, Any]:
        """Speak of ``capture`` from now on; return how it stands."""
        self._link.send("attach", capture=capture, **self._place)
        return self._wait(protocol.STATE, lambda report: report.get("first") is True)

    def snapshot(self, capture: str, last_s: float) -> dict[str, Any]:
        """Return where the last seconds of every point lie in their streams; they stay there while we fetch them."""
        self._link.send("snapshot", capture=capture, last_s=last_s, **self._place)
        return self._wait(protocol.SNAP)

    def stop(self, capture: str) -> dict[str, Any]:
        """End the tools of the capture that was attached to; return how it stands then."""
        self._link.send("stop", capture=capture, **self._place)
        return self._wait(protocol.STATE, lambda report: bool(report.get("stopped_ns")))

    def remove(self, capture: str) -> None:
        """Take a capture off the node, with its packets, running or not."""
        self._link.send("remove", capture=capture, force=True, **self._place)
        self._wait(protocol.STATE, lambda report: report.get("removed") is True)

    def pieces(self, capture: str, streams: list[dict[str, Any]]) -> Iterator[tuple[int, Piece]]:
        """Fetch ranges (channel, stream, from, to) and give (channel, piece) until each is here, without a gap."""
        left = {
            (one["channel"], one["stream"]): (one["from"], one["to"]) for one in streams if one["from"] != one["to"]
        }
        self._link.send("ship", capture=capture, streams=streams, **self._place)
        deadline = time.monotonic() + self._timeout_s
        while left:
            kind, channel, payload = self._next(deadline)
            if kind == protocol.OOPS:
                self._complain(self._document(payload))
            piece = self._read(payload) if kind == protocol.DATA else None
            if piece is None or (channel, piece.stream) not in left:
                self._hurry(deadline)
                continue
            at, to = left[channel, piece.stream]
            end = piece.offset + len(piece.data)
            if piece.offset != at or not at < end <= to:
                self._link.kill()
                raise strange_peer(
                    self.target, f"bytes {piece.offset:,} to {end:,} where {at:,} to {to:,} were asked for"
                )
            yield channel, piece
            deadline = time.monotonic() + self._timeout_s
            left[channel, piece.stream] = end, to
            if end == to:
                del left[channel, piece.stream]

    def _read(self, payload: bytes) -> Piece:
        try:
            return protocol.piece(payload)
        except NotOurStream as error:
            raise strange_peer(self.target, str(error)) from error

    def _document(self, payload: bytes) -> dict[str, Any]:
        try:
            return protocol.document(payload)
        except NotOurStream as error:
            raise strange_peer(self.target, str(error)) from error

    def _wait(self, wanted: bytes, fits: Any = lambda report: True) -> dict[str, Any]:
        deadline = time.monotonic() + self._timeout_s
        while True:
            kind, _, payload = self._next(deadline)
            if kind not in (wanted, protocol.OOPS):
                self._hurry(deadline)
                continue
            report = self._document(payload)
            if kind == protocol.OOPS:
                self._complain(report)
            if fits(report):
                return report
            self._hurry(deadline)

    def _complain(self, report: dict[str, Any]) -> None:
        raise CaptureFailed(
            f"{self.target.name}: {clean(str(report.get('error', 'refused')))}",
            hint=f"captools sessions --node {self.target.name} shows what rests there",
        )

    def _hurry(self, deadline: float) -> None:
        """Leave a node that is silent for too long, or that talks all the time and never of what was asked."""
        if time.monotonic() > deadline:
            self._link.kill()
            raise CaptureFailed(
                f"{self.target.name}: no answer within {self._timeout_s:.0f} s",
                hint=f"try by hand what {self.target.way} answers",
            )

    def _next(self, deadline: float) -> protocol.Frame:
        try:
            for frame in self._frames:
                if frame is not None:
                    return frame
                self._hurry(deadline)
        except NotOurStream as error:
            self._link.kill()
            raise strange_peer(self.target, str(error)) from error
        code = self._link.close()
        if not self._link.greeted:
            raise no_agent(self.target, self._link.transport, self._link.said, code)
        raise lost_agent(self.target, self._link.said)
