"""Run one capture on all its nodes: connect, plan, start, watch, stop, keep.

Every node has a thread that reads its channel; this module decides when what happens. Nodes start together,
after all of them have answered or failed, because each one's filter leaves out every node's own connection.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

from captools.collect.filters import check_user_filter
from captools.collect.inventory import changed_texts, cluster_of, read_files
from captools.collect.keep import Keeper
from captools.collect.node import NodeCapture
from captools.collect.outcome import nothing_captured
from captools.collect.plan import NodePlan, find_pod, plan_node, start_command
from captools.collect.point import PointCapture
from captools.collect.progress import PointProgress
from captools.collect.request import ROLE_NAMES, CaptureRequest
from captools.collect.tools import TOOLS, tool
from captools.model.cluster import Cluster
from captools.model.errors import CaptoolsError, CaptureFailed, Interrupted, ToolMissing, UsageError
from captools.model.session import Manifest

STOP_WAIT_S = 1.2  # packets rest in an unretired kernel block for up to a second (FACTS, section 14)
CONNECT_TIMEOUT_S = 40.0
READY_TIMEOUT_S = 20.0
SILENCE_TIMEOUT_S = 30.0  # after stop, without one byte from the node
HURRY_TIMEOUT_S = 5.0
POLL_EVERY_S = 2.0
SAVE_EVERY_S = 10.0
TICK_S = 0.05

Progress = Callable[[PointProgress], None]
Warn = Callable[[str], None]


def capture(
    request: CaptureRequest,
    *,
    stop: threading.Event,
    started: threading.Event | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
    hurry: threading.Event | None = None,
) -> Manifest:
    """Capture until ``stop`` is set or the duration is over; return the manifest of what was kept.

    ``started`` is set when every tool that can start is listening. ``progress`` gets each point about twice a
    second, ``warn`` one sentence per trouble that leaves the rest going, both in the calling thread. ``hurry``
    shortens the stop. Nodes and points that failed stand in the manifest with their reason. Raises
    CaptoolsError where nothing at all could be captured; no session folder is left then.
    """
    return _Run(request, stop, started or threading.Event(), progress, warn, hurry or threading.Event()).go()


class _Run:
    def __init__(
        self,
        request: CaptureRequest,
        stop: threading.Event,
        started: threading.Event,
        progress: Progress | None,
        warn: Warn | None,
        hurry: threading.Event,
    ) -> None:
        self.request = request
        self.stop, self.started, self.hurry = stop, started, hurry
        self.progress, self.warn = progress, warn
        self.nodes = [NodeCapture(target) for target in request.targets]
        self.plans: dict[str, NodePlan] = {}
        self.points: list[PointCapture] = []
        self.texts: dict[str, str] = {}  # the user's inventory files, as they were at the start
        self.warnings: list[str] = []
        self.errors: list[CaptoolsError] = []

    def go(self) -> Manifest:
        """The whole road. Whatever happens, no channel stays open."""
        _check(self.request)
        texts = self.texts = read_files(self.request.inventory)
        pods = cluster_of(texts, {}) if self.request.pods else Cluster()
        for full_name in self.request.pods:
            self._check_pod(pods, full_name)
        keeper: Keeper | None = None
        try:
            for node in self.nodes:
                node.start()
            self._connect()
            cluster = cluster_of(texts, {node.target.name: node.facts for node in self._alive()})
            self._plan(cluster)
            keeper = Keeper(self.request, texts)
            for node in self._alive():
                keeper.add_texts(node.target.name, node.facts.texts)
            self._begin(keeper)
            self._wait_ready()
            if not any(point.started_ns for point in self.points):
                self._end(0.0)
                raise nothing_captured(self._reasons(), interrupted=self.stop.is_set())
            for sentence in self._sentences():
                self._say(sentence)
            self.started.set()
            self._save(keeper)
            self._watch(keeper)
            self._end(STOP_WAIT_S)
            return self._finish(keeper)
        except BaseException:
            for point in self.points:
                point.close()
            if keeper is not None and not any(point.kept_bytes for point in self.points):
                keeper.discard()
            raise
        finally:
            for node in self.nodes:
                if node.is_alive():
                    node.give_up("given up")
            for node in self.nodes:
                if node.ident is not None:
                    node.join(HURRY_TIMEOUT_S)

    # -- before ------------------------------------------------------------------------------------------

    def _check_pod(self, cluster: Cluster, full_name: str) -> None:
        pod = find_pod(cluster, full_name)
        if pod.node not in {target.name for target in self.request.targets}:
            raise UsageError(
                f"pod {full_name} runs on {pod.node or 'an unknown node'}, which is not captured on",
                hint=f"add --node {pod.node}" if pod.node else "add kubectl's pod list to the inventory",
            )

    def _connect(self) -> None:
        """Wait until every node has answered or failed."""
        self._until(lambda: all(node.greeted.is_set() for node in self.nodes), CONNECT_TIMEOUT_S)
        if self.stop.is_set():
            raise Interrupted("stopped before any capture had started", hint="nothing was kept")
        for node in self.nodes:
            if not node.greeted.is_set():
                node.give_up(f"no answer within {CONNECT_TIMEOUT_S:.0f} s")
        for node in self.nodes:
            node.greeted.wait(HURRY_TIMEOUT_S)
        if not self._alive():
            raise nothing_captured(self._reasons(), interrupted=False)

    def _alive(self) -> list[NodeCapture]:
        return [node for node in self.nodes if node.greeted.is_set() and not node.done.is_set()]

    def _plan(self, cluster: Cluster) -> None:
        alive = self._alive()
        for node in alive:
            name = node.target.name
            if self.request.tool not in node.facts.tools:
                self.errors.append(
                    ToolMissing(
                        f"{name}: {self.request.tool} is not installed on the node",
                        hint=f"install it there (apt-get install {self.request.tool})",
                    )
                )
                self.plans[name] = NodePlan(runs=())
                continue
            others = tuple(other.facts.ssh_connection for other in alive if other is not node)
            plan = plan_node(name, node.facts, self.request, cluster, others)
            self.plans[name] = plan
            self.errors += [CaptureFailed(sentence) for _, sentence in plan.missing]
        runs = [run for plan in self.plans.values() for run in plan.runs]
        if self.request.live_fd is not None and len(runs) > 1:
            listed = ", ".join(str(run.point) for run in runs[:10])
            raise UsageError(f"-w - takes one point, and {len(runs)} were chosen: {listed}", hint="choose one with -i")

    def _begin(self, keeper: Keeper) -> None:
        for node in self._alive():
            plan = self.plans[node.target.name]
            version = tool(self.request.tool).version(node.facts.tools.get(self.request.tool, ""))
            points = [keeper.open_point(run, version) for run in plan.runs]
            self.points += points
            node.begin(points, start_command(plan, self.request))

    def _wait_ready(self) -> None:
        self._until(lambda: all(node.settled for node in self.nodes), READY_TIMEOUT_S)
        self._report()

    # -- during ------------------------------------------------------------------------------------------

    def _watch(self, keeper: Keeper) -> None:
        """Until stop, the end of the time, or the end of the last tool."""
        begun = time.monotonic()
        polled, saved, said = begun, begun, {id(node) for node in self.nodes if node.error}
        while not self.stop.wait(TICK_S):
            now = time.monotonic()
            if self.request.duration_s is not None and now - begun >= self.request.duration_s:
                return
            if not any(node.running for node in self.nodes) or any(node.local_trouble for node in self.nodes):
                return
            for node in self.nodes:
                if node.error is not None and id(node) not in said:
                    said.add(id(node))
                    self._say(str(node.error))
            if now - polled >= POLL_EVERY_S:
                polled = now
                for node in self._alive():
                    node.poll()
            if now - saved >= SAVE_EVERY_S:
                saved = now
                self._save(keeper)
            self._report(every_s=0.5)

    def _end(self, wait_s: float) -> None:
        """Stop every node and wait until all of them have handed over everything."""
        hurried = self.hurry.is_set()
        for node in self._alive():
            node.stop(0.0 if hurried else wait_s)
        while not all(node.done.wait(TICK_S) for node in self.nodes):
            if self.hurry.is_set() and not hurried:
                hurried = True
                for node in self._alive():
                    node.stop(0.0)
            patience = HURRY_TIMEOUT_S if hurried else SILENCE_TIMEOUT_S
            for node in self._alive():
                if time.monotonic() - node.heard > patience + wait_s:
                    node.give_up(f"did not answer for {patience:.0f} s while stopping")
            self._report(every_s=0.5)
        self._report()

    def _until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition() and not self.stop.is_set() and time.monotonic() < deadline:
            self.stop.wait(0.01)
            self._report(every_s=0.5)

    # -- after -------------------------------------------------------------------------------------------

    def _finish(self, keeper: Keeper) -> Manifest:
        known = set(self.warnings)
        for node in self.nodes:
            if node.local_trouble is not None and not isinstance(node.local_trouble, BrokenPipeError):
                trouble = os.strerror(node.local_trouble.errno or 0)
                for point in node.points.values():
                    point.fail(f"{keeper.where}: {trouble}; what was written before is kept")
            for name, text in changed_texts(node.facts.texts, node.late_texts).items():
                keeper.add_texts(node.target.name, {name: text})
        self._read_again(keeper)
        for point in self.points:
            point.close()
        for sentence in self._sentences():
            if sentence not in known:
                self._say(sentence)
        for point in self.points:
            dropped = point.progress().dropped
            if dropped:
                self._say(
                    f"{point.run.point}: the kernel dropped {dropped:,} packets; "
                    "a larger --buffer, a narrower filter or a smaller --snaplen loses fewer"
                )
        return self._save(keeper, complete=True)

    def _read_again(self, keeper: Keeper) -> None:
        """Keep what the user's inventory files say at the end, where they were written anew meanwhile."""
        try:
            late = read_files(self.request.inventory)
        except UsageError as error:
            self._say(str(error))
            return
        keeper.add_inventory({name: text for name, text in late.items() if name not in self.texts})
        keeper.add_inventory(changed_texts(self.texts, {name: late[name] for name in late if name in self.texts}))

    def _save(self, keeper: Keeper, *, complete: bool = False) -> Manifest:
        missing = [(name, wish) for name, plan in self.plans.items() for wish in plan.missing]
        return keeper.save(
            [node.record() for node in self.nodes], self.points, missing, self.warnings, complete=complete
        )

    def _reasons(self) -> list[CaptoolsError]:
        """Everything that went wrong so far, as errors."""
        lost = {node.target.name: node.error for node in self.nodes if node.error is not None}
        found = [*lost.values(), *self.errors]
        for point in self.points:
            error, cause = point.as_error(), lost.get(point.run.point.node)
            # A point that went down with its node has no story of its own.
            if error is not None and (cause is None or cause.message not in error.message):
                found.append(error)
        return found

    def _sentences(self) -> Sequence[str]:
        return list(dict.fromkeys(map(str, self._reasons())))

    def _say(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)
            if self.warn is not None:
                self.warn(sentence)

    _reported = 0.0

    def _report(self, every_s: float = 0.0) -> None:
        now = time.monotonic()
        if self.progress is None or now - self._reported < every_s:
            return
        self._reported = now
        for point in self.points:
            self.progress(point.progress())


def _check(request: CaptureRequest) -> None:
    """Refuse what cannot be carried out on any node."""
    if not request.targets:
        raise UsageError("no node was named", hint="give --node NAME or --all-nodes; captools nodes lists them")
    if request.tool not in TOOLS:
        raise UsageError(f"{request.tool!r} is no capture tool", hint=f"--tool is one of {', '.join(TOOLS)}")
    if request.match and request.tool != "ngrep":
        raise UsageError("--match needs a tool that reads payloads", hint="add --tool ngrep")
    unknown = [role for role in request.roles if role not in ROLE_NAMES]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no role", hint=f"--role is one of {', '.join(ROLE_NAMES)}")
    if request.snaplen is not None and not 0 < request.snaplen <= 262_144:
        raise UsageError(f"a snap length of {request.snaplen} bytes", hint="--snaplen is between 1 and 262144")
    check_user_filter(request.bpf)
