"""One node during a capture: a thread that holds its connection, and makes it again after every cut.

The capture itself runs on the node and does not need us. So whatever happens to the connection, this thread
connects again, attaches, and goes on at the byte after the last one it holds.
"""

from __future__ import annotations

import threading
import time

from captools.collect import protocol
from captools.collect.clean import clean
from captools.collect.failures import StrangePeer, lost_agent, no_agent, not_fetched, strange_peer
from captools.collect.link import AgentLink
from captools.collect.progress import State
from captools.collect.protocol import NotOurStream
from captools.collect.reports import number
from captools.collect.spooling import SpoolProgress
from captools.collect.talk import Talk
from captools.collect.targets import Target
from captools.collect.transports import prepare
from captools.model.errors import CaptoolsError, CaptureFailed
from captools.model.session import NodeRecord

BACKOFF_S = (0.2, 5.0)
SILENCE_S = 20.0  # an attached agent says how it stands at least every second
CONNECT_S = 40.0
HEARTBEAT_S = 5.0
LEAVE_S = 3.0  # for an answer to our farewell
GONE_S = 1800.0  # without any contact; by then an attached capture has stopped by its lease
FIRST_TRIES = 3  # to reach a node that a former run left
MOST_NOTES = 20
STRANGE = 3  # connections in a row that talk nonsense


class NodeCapture(Talk, threading.Thread):
    """See way_home.WayHome."""

    def __init__(self, target: Target) -> None:
        threading.Thread.__init__(self, name=f"node {target.name}", daemon=True)
        Talk.__init__(self, target)

    def give_up(self, sentence: str) -> None:
        """End at once; what has arrived is kept, and what lies on the node stays there."""
        # Without the lock: our thread may hold it while a reader of the live stream keeps it waiting.
        self._gave_up = sentence
        self._wake.set()
        link = self._link
        if link is not None:
            link.kill()

    def record(self) -> NodeRecord:
        """Return the manifest's entry as things stand."""
        return NodeRecord(
            name=self.target.name,
            address=self.target.address,
            transport=self.target.transport,
            ok=self.error is None,
            error=str(self.error) if self.error else "",
            system=self.facts.system,
            clock=tuple(self.clock),
            cuts=self.cuts,
        )

    @property
    def settled(self) -> bool:
        """True once every tool is listening or has ended."""
        points = self.points.values()
        return self.done.is_set() or all(point.ended_there or point.state is not State.STARTING for point in points)

    @property
    def running(self) -> bool:
        """True while at least one tool runs here."""
        return not self.done.is_set() and not all(point.ended_there for point in self.points.values())

    def notes(self) -> list[str]:
        """Return what the agent has noted for people: what it could not keep, why it stopped by itself."""
        found = self.state.get("notes")
        return [self._named(clean(str(one))) for one in found[:MOST_NOTES]] if isinstance(found, list) else []

    def _named(self, note: str) -> str:
        """Put the point's name in place of its channel's number."""
        channel, colon, rest = note.removeprefix("channel ").partition(": ")
        point = self.points.get(int(channel)) if colon and channel.isdecimal() else None
        return f"{point.run.point}: {rest}" if point is not None else f"{self.target.name}: {note}"

    def spool(self) -> SpoolProgress:
        """Return what lies on the node and how much of it is not home yet."""
        spool = self.state.get("spool")
        spool = spool if isinstance(spool, dict) else {}
        return SpoolProgress(
            lag=sum(point.lag for point in self.points.values()),
            used=number(spool, "used"),
            limit=number(spool, "limit"),
            full_s=(number(spool, "full_ns") or 0) / 1e9,
            cuts=self.cuts,
            trouble=self.trouble,
        )

    # -- the thread --------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve the node until it is left."""
        try:
            self.target = prepare(self.target)
            self._serve()
        except CaptoolsError as error:
            self.error = self.error or error
        except Exception as error:  # whatever it was, the other nodes go on
            self.error = CaptureFailed(
                f"{self.target.name}: its reports could not be read ({type(error).__name__}: {error})",
                hint="what had arrived is kept; please report this",
            )
        finally:
            self._shipping.close()
            for point in self.points.values():
                if point.state in (State.STARTING, State.LISTENING, State.ARRIVING) and self.error is not None:
                    point.fail(f"{point.run.point}: {self.error.message}")
            self.greeted.set()
            self.done.set()

    def _serve(self) -> None:
        """Connect, and again after every cut, until everything is home or nothing more can be had."""
        backoff, strange, contact = BACKOFF_S[0], 0, time.monotonic()
        while True:
            before = self.heard
            reason = self._converse()
            if self._left or self._leaving:
                return
            if self._gave_up:
                raise self._given_up(reason)
            if not self._begun or self.gone:
                raise reason
            if self.heard != before:
                backoff, contact = BACKOFF_S[0], time.monotonic()
            strange = strange + 1 if isinstance(reason, StrangePeer) else 0
            never = not self._tools and not self.state and self.cuts >= FIRST_TRIES
            if never or strange >= STRANGE or time.monotonic() - contact > GONE_S:
                raise not_fetched(reason, self._terms.capture)
            self.cuts += 1
            self.trouble = f"connecting again ({reason.message})"
            self._wake.wait(backoff)
            backoff = min(backoff * 2, BACKOFF_S[1])

    def _given_up(self, reason: CaptureFailed) -> CaptureFailed:
        error = CaptureFailed(
            f"{self.target.name}: {self._gave_up}", hint=f"try by hand what {self.target.way} answers"
        )
        return not_fetched(error, self._terms.capture) if self._begun and self._seen else error

    def _converse(self) -> CaptureFailed:
        """Hold one connection until it ends; return why it ended."""
        strange = ""
        try:
            link = self._open()
        except CaptureFailed as error:
            return error
        try:
            for frame in link.frames():
                if frame is None:
                    self._tick(link)
                    continue
                kind, channel, payload = frame
                if kind != protocol.STATE or self._stop_wait_s is None:
                    self.heard = time.monotonic()
                self._spoke = time.monotonic()
                with self._lock:
                    self._take(kind, channel, payload)
                if self._left:
                    break
                self._keep_awake(link)
        except NotOurStream as error:
            strange = str(error)
            link.kill()
        finally:
            with self._lock:
                self._link = None
            code = link.close()
        if strange:
            return strange_peer(self.target, strange)
        if not link.greeted:
            return no_agent(self.target, link.transport, link.said, code)
        return lost_agent(self.target, link.said)

    def _open(self) -> AgentLink:
        with self._lock:
            if self._gave_up:
                raise CaptureFailed(f"{self.target.name}: {self._gave_up}")
            self._attached = False
            self._spoke = time.monotonic()
            self._link = AgentLink(self.target, facts=not self._begun)
        return self._link

    def _keep_awake(self, link: AgentLink) -> None:
        """Let the agent hear of us now and then, also while it sends without a pause."""
        if link.greeted and time.monotonic() - self._sent > HEARTBEAT_S:
            self._send("poll")

    def _tick(self, link: AgentLink) -> None:
        """Once a second without a byte: keep the agent awake, and notice a connection that is dead without a word."""
        now = time.monotonic()
        if self._gave_up or self._leaving and now - self._sent > LEAVE_S:
            link.kill()
        else:
            self._keep_awake(link)
        # Before it is attached a node may still be connecting; then its commands may be slow.
        if self._begun and now - self._spoke > (SILENCE_S if self._attached else CONNECT_S):
            link.kill()
