"""A capture under way: from the first packet until everything is home, however it was begun."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from captools.collect.inventory import changed_texts, inventory_records
from captools.collect.keep import Keeper, Missing
from captools.collect.live.sinks import Sink
from captools.collect.node import NodeCapture
from captools.collect.patience import Patience
from captools.collect.point import PointCapture
from captools.collect.progress import PointProgress
from captools.collect.reports import number
from captools.collect.request import CaptureRequest
from captools.collect.transports import release
from captools.collect.way_home import WayHome
from captools.model.errors import CaptoolsError
from captools.model.session import InventoryRecord, Manifest, UntilRecord

STOP_WAIT_S = 1.2  # packets rest in an unretired kernel block for up to a second (FACTS, section 14)
SILENCE_TIMEOUT_S = 30.0  # after stop, without one more byte of the capture
HURRY_TIMEOUT_S = 5.0
POLL_EVERY_S = 2.0
SAVE_EVERY_S = 10.0
TICK_S = 0.05
CUT_IS_NEWS_S = 10.0
SLOWEST_PIECE = 1024 * 1024  # with a limit on the way home, one piece may take so many bytes' time

Progress = Callable[[PointProgress], None]
Warn = Callable[[str], None]


class Course:
    """The nodes of one capture, watched by the thread that runs it."""

    def __init__(
        self,
        request: CaptureRequest,
        stop: threading.Event,
        progress: Progress | None,
        warn: Warn | None,
        hurry: threading.Event,
        sinks: Sequence[Sink] = (),
    ) -> None:
        self.request = request
        self.stop, self.hurry = stop, hurry
        self.progress, self.warn = progress, warn
        self.sinks = sinks
        self.nodes: list[WayHome] = []
        self.points: list[PointCapture] = []
        self.missing: list[Missing] = []
        self.warnings: list[str] = []
        self.errors: list[CaptoolsError] = []
        self.late_files: Callable[[Keeper], None] = lambda keeper: None
        self.mode = "ring" if request.spool.ring else "spool"
        self._reported = 0.0
        self._troubled: dict[int, float] = {}  # since when a node is out of reach
        self._kept: dict[str, set[str]] = {}  # node -> names of its texts that are in the session
        self._changed: dict[str, set[str]] = {}  # node -> of these, told differently at the end

    # -- during ------------------------------------------------------------------------------------------

    def alive(self) -> list[WayHome]:
        """Return the nodes that have answered and from which more can come."""
        return [node for node in self.nodes if node.greeted.is_set() and not node.done.is_set()]

    def watch(self, keeper: Keeper, *, enough: Callable[[], bool] = lambda: False) -> None:
        """Until stop, the end of the time, the end of the last tool, or ``enough``."""
        begun = polled = saved = time.monotonic()
        said = {id(node) for node in self.nodes if node.error}
        while not self.stop.wait(TICK_S) and not enough():
            now = time.monotonic()
            if self.request.duration_s is not None and now - begun >= self.request.duration_s:
                return
            if not any(node.running for node in self.nodes) or any(node.local_trouble for node in self.nodes):
                return
            for node in self.nodes:
                if node.error is not None and id(node) not in said:
                    said.add(id(node))
                    self.say(str(node.error))
            if now - polled >= POLL_EVERY_S:
                polled = now
                for node in self.alive():
                    node.poll()
                self._tell_notes()
            if now - saved >= SAVE_EVERY_S:
                saved = now
                self.save(keeper)
            self._tell_of_cuts(now)
            self.report(every_s=0.5)

    def _tell_notes(self) -> None:
        """Say what the nodes' agents have noted for people, once."""
        for node in self.nodes:
            for note in node.notes() if isinstance(node, NodeCapture) else ():
                self.say(note)

    def _tell_of_cuts(self, now: float) -> None:
        """Say it once where a node has been out of reach for a while; a short cut is nobody's business."""
        for node in self.nodes:
            if not node.trouble:
                self._troubled.pop(id(node), None)
            elif now - self._troubled.setdefault(id(node), now) > CUT_IS_NEWS_S:
                self._troubled[id(node)] = math.inf
                if self.warn is not None:
                    self.warn(f"{node.target.name}: {node.trouble}; the capture goes on there meanwhile")

    def end(self, wait_s: float) -> None:
        """Stop every node and wait until all of them have handed over everything."""
        hurried = self.hurry.is_set()
        begun = time.monotonic()
        for node in self.alive():
            node.stop(0.0 if hurried else wait_s)
        given_up: dict[int, float] = {}
        spool = self.request.spool
        waits = {id(node): Patience(max(spool.spool_bytes, spool.ring_bytes or 0), begun) for node in self.nodes}
        while not all(node.done.wait(TICK_S) or _over(node, given_up) for node in self.nodes):
            now = time.monotonic()
            if self.hurry.is_set() and not hurried:
                hurried, begun = True, now
                for node in self.alive():
                    node.stop(0.0)
            patience = HURRY_TIMEOUT_S if hurried else SILENCE_TIMEOUT_S
            if self.request.spool.limit_bps:
                patience += SLOWEST_PIECE / self.request.spool.limit_bps
            for node in self.alive():
                if id(node) in given_up:
                    continue
                points = node.points.values()
                if now - max(waits[id(node)].since(points, now), begun) > patience + wait_s:
                    given_up[id(node)] = now
                    node.give_up(f"nothing more came home for {patience:.0f} s while stopping")
                elif waits[id(node)].endless(points):
                    given_up[id(node)] = now
                    node.give_up("sends more than its spool can hold")
                elif hurried and now - begun > HURRY_TIMEOUT_S:
                    given_up[id(node)] = now
                    node.give_up("was left while packets were still coming home")
            self.report(every_s=0.5)
        self.report()

    def until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        """Wait for ``condition``, stop, or the end of the time."""
        deadline = time.monotonic() + timeout_s
        while not condition() and not self.stop.is_set() and time.monotonic() < deadline:
            self.stop.wait(0.01)
            self.report(every_s=0.5)

    # -- after -------------------------------------------------------------------------------------------

    def finish(self, keeper: Keeper) -> Manifest:
        """Close the files, compare with the tools' own counts, say what is missing, write the last manifest."""
        self._tell_notes()
        known = set(self.warnings)
        self._say_local_trouble(keeper)
        for node in self.nodes:
            changed = changed_texts(node.facts.texts, node.late_texts)
            self._changed[node.target.name] = set(changed)
            keeper.add_texts(node.target.name, changed)
        self.late_files(keeper)
        over = {node.target.name for node in self.nodes if _nothing_left(node)}
        for point in self.points:
            point.close(whole=point.run.point.node in over)
        self._end_sinks()
        for sentence in self.sentences():
            if sentence not in known:
                self.say(sentence)
        for point in self.points:
            self._look_back(point)
        if all(node.target.name in over for node in self.nodes):
            keeper.forget()
        else:
            with contextlib.suppress(OSError):  # a full disk: the one before still leads to the nodes
                keeper.renew(self.nodes)
        for node in self.nodes:
            if node.target.name in over:
                self.release(node)
        return self.save(keeper, complete=keeper.remote is None, stopped=True)

    def _say_local_trouble(self, keeper: Keeper) -> None:
        for node in self.nodes:
            if node.local_trouble is None or isinstance(node.local_trouble, BrokenPipeError):
                continue
            trouble = os.strerror(node.local_trouble.errno or 0)
            rest = f"; what rests on {node.target.name} comes home with: captools fetch {keeper.capture}"
            for point in node.points.values():
                point.fail(f"{keeper.where}: {trouble}; what was written before is kept{rest if keeper.remote else ''}")

    def _look_back(self, point: PointCapture) -> None:
        """Say and note what one point lacks."""
        dropped = point.counts().dropped
        if dropped:
            full_s = max(
                (one.spool().full_s for one in self.nodes if one.target.name == point.run.point.node), default=0
            )
            why = f"; the spool was full for {full_s:.1f} s" if full_s else ""
            more = "--spool" if full_s else "--buffer"
            self.say(
                f"{point.run.point}: the kernel dropped {dropped:,} packets{why}; "
                f"a larger {more}, a narrower filter or a smaller --snaplen loses fewer"
            )
        if point.packets.lost and self.mode != "ring":
            sentence = (
                f"{point.run.point}: {point.packets.lost:,} bytes were dropped on the node before they could come "
                "home; a larger --spool or a smaller --snaplen keeps more"
            )
            point.notes.append(sentence)
            self.say(sentence)
        partly = self.mode == "ring" and point.packets.lost
        different = point.elsewhere() or ("" if partly else point.compare())
        if different:
            point.notes.append(different)
            self.say(different)

    def release(self, node: WayHome) -> None:
        """Take away what had to be made to reach a node (a debug pod)."""
        try:
            release(node.target)
        except CaptoolsError as error:
            self.say(str(error))

    def _end_sinks(self) -> None:
        counts = {key: point.counts() for key, point in enumerate(self.points)}
        for sink in self.sinks:
            sink.end(counts, self.hurry)

    def save(self, keeper: Keeper, *, complete: bool = False, stopped: bool = False) -> Manifest:
        """Write the manifest as things stand."""
        for node in self.nodes:
            self._keep_texts(keeper, node)
        found: list[UntilRecord] = [one for sink in self.sinks for one in sink.found]
        return keeper.save(
            [node.record() for node in self.nodes],
            self.points,
            self.missing,
            self.warnings,
            complete=complete,
            stopped=stopped,
            until=found or self._found_there(),
            mode=self.mode,
            inventory=self.inventory(),
        )

    def inventory(self) -> tuple[InventoryRecord, ...]:
        """Return when each inventory file was taken."""
        return tuple(
            record
            for node in self.nodes
            for record in inventory_records(
                node.target.name, node.taken, node.late_taken, self._changed.get(node.target.name, ())
            )
        )

    def _keep_texts(self, keeper: Keeper, node: WayHome) -> None:
        """Put what a node has told of itself meanwhile into the inventory, each text once."""
        kept = self._kept.setdefault(node.target.name, set())
        new = {name: text for name, text in node.facts.texts.items() if name not in kept}
        kept.update(new)
        with contextlib.suppress(OSError):  # a full disk is noticed by the packets
            keeper.add_texts(node.target.name, new)

    def _found_there(self) -> list[UntilRecord]:
        """Return what the nodes themselves found of --until."""
        found = []
        for node in self.nodes:
            if isinstance(node, NodeCapture) and isinstance(match := node.state.get("until"), dict):
                point = node.points.get(number(match, "channel") or 0)
                if point is not None:
                    found.append(
                        UntilRecord(
                            expression=self.request.until_regex,
                            kind="regex",
                            point=str(point.run.point),
                            offset=number(match, "offset"),
                        )
                    )
        return found

    def reasons(self) -> list[CaptoolsError]:
        """Everything that went wrong so far, as errors."""
        lost = {node.target.name: node.error for node in self.nodes if node.error is not None}
        found = [*lost.values(), *self.errors]
        for point in self.points:
            error, cause = point.as_error(), lost.get(point.run.point.node)
            # A point that went down with its node has no story of its own.
            if error is not None and (cause is None or cause.message not in error.message):
                found.append(error)
        return found

    def sentences(self) -> Sequence[str]:
        """The same, each once."""
        return list(dict.fromkeys(map(str, self.reasons())))

    def say(self, sentence: str) -> None:
        """Warn, once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)
            if self.warn is not None:
                self.warn(sentence)

    def report(self, every_s: float = 0.0) -> None:
        """Tell the progress of every point."""
        now = time.monotonic()
        if now - self._reported < every_s:
            return
        self._reported = now
        if self.progress is None:
            return
        for node in self.nodes:
            spool = node.spool()
            for point in node.points.values():
                self.progress(
                    replace(
                        point.progress(),
                        lag=point.lag if spool.lag is not None else None,
                        used=spool.used,
                        limit=spool.limit,
                        trouble=spool.trouble or (f"spool was full for {spool.full_s:.1f} s" if spool.full_s else ""),
                    )
                )

    def close(self) -> None:
        """Leave no channel open, whatever happened."""
        for node in self.nodes:
            if node.is_alive():
                node.give_up("given up")
        for node in self.nodes:
            if node.ident is not None:
                node.join(HURRY_TIMEOUT_S)


def _over(node: WayHome, given_up: dict[int, float]) -> bool:
    """Tell whether a node was given up a while ago: its thread may sit behind a reader that takes nothing any more."""
    return id(node) in given_up and time.monotonic() - given_up[id(node)] > HURRY_TIMEOUT_S


def _nothing_left(node: WayHome) -> bool:
    """Tell whether nothing of this capture is on the node any more, or ever was."""
    return node.home or not node.points or not isinstance(node, NodeCapture) or node.gone
