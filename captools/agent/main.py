"""The agent: start tools, forward what they print over one channel, end them when the controller goes away.

One loop, no threads. Three rules hold it together:

* The way home may be slow. Above HIGH_WATER unsent bytes no tool is read any more, so pressure reaches the
  tool, its ring fills, and the kernel counts what it drops; memory here stays bounded.
* A tool keeps packets in an unretired kernel block for up to about a second (FACTS, section 14), so a stop
  waits before the first signal, and a little longer for a tool that says it has not read everything yet; it
  drains everything afterwards.
* When stdin ends, or nothing is heard for WATCHDOG_S, the controller is gone: the same stop runs, and output
  nobody reads is thrown away. Nothing stays behind on the node; the warden sees to it even if this process
  is killed.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import time
from collections import deque
from typing import Any, Deque, Dict, Optional

from captools.agent import facts, frames
from captools.agent.tool import Tool, start
from captools.agent.warden import Warden

READ_BYTES = 256 * 1024
HIGH_WATER = 1024 * 1024
STOP_WAIT_S = 1.2
TAIL_WAIT_S = 2.0  # more for a tool that has packets to read; on a busy link there are always some
TERM_AFTER_S = 5.0  # of silence after SIGINT; a tool that still delivers is left in peace
KILL_AFTER_S = 3.0
WATCHDOG_S = 60.0  # the controller speaks every few seconds
DRAIN_S = 20.0  # how long unsent output may wait for a channel whose controller is gone
WRITEV_PIECES = 64


class Agent:
    """The loop between the controller's two descriptors and the tools."""

    def __init__(self, source: int, sink: int) -> None:
        self.source = source
        self.sink: Optional[int] = sink  # None once nobody reads us any more
        self.selector = selectors.DefaultSelector()
        self.commands = frames.Unpacker()
        self.outgoing: Deque[memoryview] = deque()
        self.unsent = 0
        self.tools: Dict[int, Tool] = {}
        self.warden = Warden()
        self.stop_at: Optional[float] = None  # when SIGINT is due
        self.tail_wait_s = TAIL_WAIT_S
        self.leaving = False  # exit once every tool has ended
        self.left_at = 0.0
        self.paused = False
        self.heard = time.monotonic()
        for descriptor in (source, sink):
            os.set_blocking(descriptor, False)

    def run(self) -> None:
        """Greet, then serve until told to leave or left alone."""
        self.selector.register(self.source, selectors.EVENT_READ, None)
        self._queue(frames.MAGIC)
        self._send(frames.HELLO, 0, facts.gather())
        self.heard = time.monotonic()
        while not (self.leaving and not self.tools):
            for key, _ in self.selector.select(self._timeout()):
                if key.fd == self.source:
                    self._read_commands()
                elif key.fd == self.sink:
                    self._flush()
                else:
                    self._read_tool(key.data, key.fd)
            self._tick()
            self._flush()
            self._balance()
        self._send(frames.BYE, 0, {"reason": "done"})
        self._flush_all()

    # -- out -------------------------------------------------------------------------------------------

    def _queue(self, data: bytes) -> None:
        if self.sink is not None and data:
            self.outgoing.append(memoryview(data))
            self.unsent += len(data)

    def _send(self, kind: bytes, channel: int, document: Dict[str, Any]) -> None:
        self._queue(frames.pack_json(kind, channel, document))

    def _flush(self) -> None:
        """Write as much as the channel takes without waiting."""
        while self.outgoing and self.sink is not None:
            try:
                pieces = [self.outgoing[i] for i in range(min(WRITEV_PIECES, len(self.outgoing)))]
                written = os.writev(self.sink, pieces)
            except BlockingIOError:
                return
            except OSError:
                self._lose_sink()
                return
            self.unsent -= written
            while written:
                piece = self.outgoing.popleft()
                if written < len(piece):
                    self.outgoing.appendleft(piece[written:])
                    break
                written -= len(piece)

    def _lose_sink(self) -> None:
        """Nobody reads us: throw output away and end."""
        if self.sink is not None and self.sink in self.selector.get_map():
            self.selector.unregister(self.sink)
        self.sink = None
        self.outgoing.clear()
        self.unsent = 0
        self._controller_gone()

    def _flush_all(self) -> None:
        """Wait for the last bytes to leave, but not for ever."""
        deadline = time.monotonic() + WATCHDOG_S
        while self.outgoing and self.sink is not None and time.monotonic() < deadline:
            self._flush()
            if self.outgoing:
                time.sleep(0.01)

    def _balance(self) -> None:
        """Watch the channel only while bytes wait for it, and the tools only while it keeps up."""
        registered = self.selector.get_map()
        if self.sink is not None:
            if self.outgoing and self.sink not in registered:
                self.selector.register(self.sink, selectors.EVENT_WRITE, None)
            elif not self.outgoing and self.sink in registered:
                self.selector.unregister(self.sink)
        pause = self.unsent > HIGH_WATER
        if pause == self.paused:
            return
        self.paused = pause
        for tool in self.tools.values():
            for descriptor in tool.pipes:
                if pause:
                    self.selector.unregister(descriptor)
                else:
                    self.selector.register(descriptor, selectors.EVENT_READ, tool)

    # -- in --------------------------------------------------------------------------------------------

    def _read_commands(self) -> None:
        try:
            data = os.read(self.source, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.heard = time.monotonic()
        try:
            commands = self.commands.feed(data) if data else []
            for kind, _, payload in commands:
                if kind == frames.COMMAND:
                    self._obey(json.loads(payload.decode()))
        except (ValueError, KeyError):
            data = b""  # not our controller's language: treat it as gone
        if not data:
            self.selector.unregister(self.source)
            self._controller_gone()

    def _obey(self, command: Dict[str, Any]) -> None:
        do = command["do"]
        if do == "start":
            for spec in command["tools"]:
                self._start(spec)
        elif do == "stop":
            self._stop(float(command.get("wait_s", STOP_WAIT_S)))
        elif do == "poll":
            for tool in self.tools.values():
                tool.ask_counts()
        elif do == "clock":
            self._send(frames.CLOCK, 0, {"id": command["id"], "time_ns": time.time_ns()})
        elif do == "facts":
            self._send(frames.FACTS, 0, {"network": facts.network(list(facts.CHANGING))})
        elif do == "bye":
            self._controller_gone()

    def _start(self, spec: Dict[str, Any]) -> None:
        tool, reason = start(spec)
        if tool is None:
            channel = int(spec["channel"])
            self._queue(frames.header(frames.ERROR, channel, len(reason.encode())) + reason.encode())
            self._send(
                frames.EXIT, channel, {"code": 127, "time_ns": time.time_ns(), "signalled_ns": 0, "caught_up_ns": 0}
            )
            return
        self.tools[tool.channel] = tool
        self.warden.add(tool.process.pid)
        if not self.paused:
            for descriptor in tool.pipes:
                self.selector.register(descriptor, selectors.EVENT_READ, tool)

    def _read_tool(self, tool: Tool, descriptor: int) -> None:
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.selector.unregister(descriptor)
            tool.close(descriptor)
            return
        kind = tool.pipes[descriptor]
        if kind == frames.ERROR:
            tool.note_counts(data)
        tool.quiet_since = time.monotonic()
        self._queue(frames.header(kind, tool.channel, len(data)))
        self._queue(data)
        if tool.became_ready(kind, data):
            self._send(frames.READY, tool.channel, {"time_ns": time.time_ns()})

    # -- time ------------------------------------------------------------------------------------------

    def _timeout(self) -> float:
        """How long the loop may sleep: signals and ended processes wake nobody up."""
        if self.stop_at is not None or any(not tool.pipes for tool in self.tools.values()):
            return 0.02
        return 0.5

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self.heard > WATCHDOG_S and not self.leaving:
            self._controller_gone()
        if self.leaving and self.sink is not None and self.outgoing and now - self.left_at > DRAIN_S:
            self._lose_sink()
        if self.stop_at is not None and now >= self.stop_at:
            patient = now < self.stop_at + self.tail_wait_s
            for tool in self.tools.values():
                if tool.escalation or not patient or tool.caught_up(now):
                    self._push_out(tool, now)
        for tool in list(self.tools.values()):
            code = tool.finished()
            if code is not None:
                del self.tools[tool.channel]
                self.warden.remove(tool.process.pid)
                report = {
                    "code": code,
                    "time_ns": time.time_ns(),
                    "signalled_ns": tool.signalled_ns,
                    "caught_up_ns": tool.caught_up_ns,
                }
                self._send(frames.EXIT, tool.channel, report)

    def _push_out(self, tool: Tool, now: float) -> None:
        """Ask politely first; insist only on a tool that is silent although it could write."""
        if tool.escalation == 0:
            tool.signalled_ns = time.time_ns()
            tool.signal(signal.SIGINT)
        elif self.paused or now - tool.quiet_since < (TERM_AFTER_S if tool.escalation == 1 else KILL_AFTER_S):
            return
        elif tool.escalation == 1:
            tool.signal(signal.SIGTERM)
        else:
            tool.signal(signal.SIGKILL)
        tool.escalation += 1
        tool.quiet_since = now

    def _stop(self, wait_s: float) -> None:
        due = time.monotonic() + wait_s
        self.stop_at = due if self.stop_at is None else min(due, self.stop_at)
        if not wait_s:
            self.tail_wait_s = 0.0

    def _controller_gone(self) -> None:
        if not self.leaving:
            self.leaving = True
            self.left_at = time.monotonic()
        if self.tools:
            self._stop(STOP_WAIT_S)


def main() -> None:
    """Serve on stdin and stdout until the controller leaves."""
    agent = Agent(sys.stdin.fileno(), sys.stdout.fileno())

    def leave(number: int, frame: object) -> None:
        agent._controller_gone()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    # A handler, not SIG_IGN: ignored signals would stay ignored in the tools, which end by SIGINT.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    agent.run()
