"""Run one capture on all its nodes: connect, plan, start; what follows is course.py.

Every node has a thread that reads its channel; this module decides when what happens. Nodes start together,
after all of them have answered or failed, because each one's filter leaves out every node's own connection.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from captools.collect.cluster_facts import ClusterFacts
from captools.collect.course import HURRY_TIMEOUT_S, STOP_WAIT_S, Course, Progress, Warn
from captools.collect.detached import register
from captools.collect.detached.remote import Remote, RemoteNode, RemotePoint
from captools.collect.detached.story import words_on
from captools.collect.facts import read_peers
from captools.collect.failures import NoPython
from captools.collect.inventory import changed_texts, cluster_of, inventory_records, read_files
from captools.collect.keep import Keeper
from captools.collect.live.sinks import LivePoint, Sink
from captools.collect.node import NodeCapture
from captools.collect.outcome import nothing_captured
from captools.collect.plain.node import PlainNode
from captools.collect.planning.filters import check_user_filter
from captools.collect.planning.plan import CapturePlan, NodePlan, plan_capture, start_command, wants_peers
from captools.collect.request import ROLE_NAMES, CaptureRequest
from captools.collect.terms import terms_of
from captools.collect.tools import TOOLS, tool
from captools.collect.way_home import WayHome
from captools.model.cluster import Cluster
from captools.model.errors import CaptureFailed, Interrupted, ToolMissing, UsageError
from captools.model.session import InventoryRecord, Manifest
from captools.store.arriving import ArrivingFile

CONNECT_TIMEOUT_S = 40.0
READY_TIMEOUT_S = 20.0
PEERS_TIMEOUT_S = 10.0

Decide = Callable[[CapturePlan], CapturePlan]


def capture(
    request: CaptureRequest,
    *,
    stop: threading.Event,
    started: threading.Event | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
    hurry: threading.Event | None = None,
    sinks: Sequence[Sink] = (),
    decide: Decide | None = None,
) -> Manifest:
    """Capture until ``stop`` is set or the duration is over; return the manifest of what was kept.

    ``started`` is set when every tool that can start is listening. ``progress`` gets each point about twice a
    second, ``warn`` one sentence per trouble that leaves the rest going, both in the calling thread. ``hurry``
    shortens the stop. ``sinks`` read along. ``decide`` may change the plan before anything is started. Nodes and
    points that failed stand in the manifest with their reason. A detached request returns when every tool is
    listening. Raises CaptoolsError where nothing at all could be captured; no session folder is left then.
    """
    run = _Run(request, stop, progress, warn, hurry or threading.Event(), sinks)
    run.started, run.decide = started or threading.Event(), decide
    return run.go()


class _Run(Course):
    started = threading.Event()
    decide: Decide | None = None

    def go(self) -> Manifest:
        """The whole road. Whatever happens, no channel stays open."""
        _check(self.request)
        self.nodes = [NodeCapture(target) for target in self.request.targets]
        self.plans: dict[str, NodePlan] = {}
        self.texts = read_files(self.request.inventory)  # the user's files, as they were at the start
        self.late_files = self._read_again
        self.cluster_facts = ClusterFacts(self.request.kube, self.request.targets)
        self.cluster_facts.start()
        keeper: Keeper | None = None
        with contextlib.ExitStack() as held:
            try:
                for node in self.nodes:
                    node.start()
                self._connect()
                early = {**self.texts, **self._cluster_lists()}
                cluster = cluster_of(early, {node.target.name: node.facts for node in self.alive()})
                self._plan(cluster)
                keeper = Keeper(self.request, early)
                if keeper.folder is not None:
                    held.enter_context(register.held(keeper.folder))
                self._begin(keeper)
                self.until(lambda: all(node.settled for node in self.nodes), READY_TIMEOUT_S)
                self.report()
                if not any(point.started_ns for point in self.points):
                    self.end(0.0)
                    raise nothing_captured(self.reasons(), interrupted=self.stop.is_set())
                for sentence in self.sentences():
                    self.say(sentence)
                self.started.set()
                self.save(keeper)
                if self.request.detach:
                    return self._detach(keeper)
                self.watch(keeper)
                self.cluster_facts.ask_again()
                self.end(STOP_WAIT_S)
                return self.finish(keeper)
            except BaseException:
                self._abandon(keeper)
                raise
            finally:
                self.close()

    # -- before ------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        """Wait until every node has answered or failed; without Python there, go on without the agent."""
        self._wait_for_greetings()
        for at, node in enumerate(self.nodes):
            if isinstance(node.error, NoPython):
                self.say(f"{node.error.message}: packets are streamed plainly, and a cut link loses data in this mode")
                if self.request.detach or self.request.spool.ring:
                    raise CaptureFailed(node.error.message, hint="--detach and --ring need it; leave that node out")
                self.nodes[at] = PlainNode(node.target)
                self.nodes[at].start()
        self._wait_for_greetings()
        if not self.alive():
            raise nothing_captured(self.reasons(), interrupted=False)

    def _cluster_lists(self) -> Mapping[str, str]:
        """Return what the cluster's API server tells, where there is one."""
        told = self.cluster_facts.lists(
            [address for node in self.alive() for one in node.facts.interfaces for address in one.addresses]
        )
        for sentence in told.warnings:
            self.say(sentence)
        return told.texts

    def _wait_for_greetings(self) -> None:
        self.until(lambda: all(node.greeted.is_set() for node in self.nodes), CONNECT_TIMEOUT_S)
        if self.stop.is_set():
            raise Interrupted("stopped before any capture had started", hint="nothing was kept")
        for node in self.nodes:
            if not node.greeted.is_set():
                node.give_up(f"no answer within {CONNECT_TIMEOUT_S:.0f} s")
        for node in self.nodes:
            node.greeted.wait(HURRY_TIMEOUT_S)

    def _plan(self, cluster: Cluster) -> None:
        self._ask_peers(cluster)
        alive = self.alive()
        able = {node.target.name: node.facts for node in alive if self.request.tool in node.facts.tools}
        planned = plan_capture(self.request, able, cluster, {node.target.name: node.target for node in alive})
        if self.decide is not None:
            planned = self.decide(planned)
        self.errors += [CaptureFailed(sentence) for _, sentence in planned.missing]
        for note in planned.notes:
            self.say(note)
        for node in alive:
            name = node.target.name
            if name not in able:
                self.errors.append(
                    ToolMissing(
                        f"{name}: {self.request.tool} is not installed on the node",
                        hint=f"install it there (apt-get install {self.request.tool})",
                    )
                )
                continue
            plan = self.plans[name] = planned.node(name)
            for note in plan.notes:
                self.say(f"{name}: {note}")
            self.errors += [CaptureFailed(sentence) for _, sentence in plan.missing]
        self.missing = [(name, wish) for name, plan in self.plans.items() for wish in plan.missing]

    def _ask_peers(self, cluster: Cluster) -> None:
        """Ask the nodes which pod is behind which device, where nothing else tells it."""
        asked = []
        for node in self.alive():
            if isinstance(node, NodeCapture) and wants_peers(node.target.name, node.facts, self.request, cluster):
                node.ask_peers()
                asked.append(node)
        self.until(lambda: all(node.peers is not None or node.done.is_set() for node in asked), PEERS_TIMEOUT_S)
        for node in asked:
            if node.peers is not None:
                node.facts = replace(node.facts, peers=read_peers(node.peers))

    def _begin(self, keeper: Keeper) -> None:
        terms = terms_of(self.request, keeper.capture, keeper.where, keeper.started_ns)
        opened: list[tuple[WayHome, NodePlan, RemoteNode]] = []
        for node in self.alive():
            plan = self.plans.get(node.target.name)
            if plan is None or not plan.runs:
                continue
            version = tool(self.request.tool).version(node.facts.tools.get(self.request.tool, ""))
            points = [keeper.open_point(run, version) for run in plan.runs]
            self.points += points
            node.points = {point.run.channel: point for point in points}
            kept = tuple(
                RemotePoint(run=p.run, version=version, file=_name(p.packets), text_file=_name(p.text)) for p in points
            )
            opened.append((node, plan, RemoteNode(target=node.target, points=kept)))
        spooled = tuple(kept for node, _, kept in opened if isinstance(node, NodeCapture))
        if not spooled:
            self.mode = "plain"
        remote = Remote(
            terms=terms, request=self.request, nodes=spooled, started_ns=keeper.started_ns,
            detached=self.request.detach, pid=os.getpid(),
        )  # fmt: skip
        if spooled:
            keeper.remember(remote)
        self._begin_sinks(keeper)
        for node, plan, _ in opened:
            if isinstance(node, NodeCapture):
                node.on_gap = keeper.renew
            version = next((point.version for point in node.points.values()), "")
            words = words_on(terms, node.target.name, node.facts.hostname, plan.runs, self.request, version)
            node.begin(list(node.points.values()), start_command(plan, self.request), replace(terms, words=words))

    def _begin_sinks(self, keeper: Keeper) -> None:
        facts = {node.target.name: node for node in self.nodes}
        told = []
        for key, point in enumerate(self.points):
            node = facts[point.run.point.node]
            reading = node.clock[-1] if node.clock else None
            told.append(
                LivePoint(
                    key=key,
                    point=point.run.point,
                    role=point.run.role,
                    filter=point.run.filter,
                    tool=self.request.tool,
                    clock_offset_ns=reading.node_ns - (reading.before_ns + reading.after_ns) // 2 if reading else None,
                    names={one.index: one.name for one in node.facts.interfaces if one.index},
                    file=point.packets.file.path if isinstance(point.packets.file, ArrivingFile) else None,
                )
            )
            if self.sinks:
                point.tell = self._teller(key)
        for sink in self.sinks:
            sink.begin(told, keeper.folder)

    def _teller(self, key: int) -> Callable[[bytes], None]:
        def tell(data: bytes) -> None:
            for sink in self.sinks:
                sink.feed(key, data)

        return tell

    # -- after -------------------------------------------------------------------------------------------

    def inventory(self) -> tuple[InventoryRecord, ...]:
        """Return when each inventory file was taken, the cluster's own included."""
        facts = self.cluster_facts
        return (
            *inventory_records("", facts.taken, facts.late_taken, self._changed.get("", ())),
            *super().inventory(),
        )

    def _detach(self, keeper: Keeper) -> Manifest:
        """Leave: the nodes go on alone."""
        keeper.add_inventory(self.cluster_facts.rest(HURRY_TIMEOUT_S).texts)
        for node in self.nodes:
            if node.points:
                node.leave()
            else:
                node.stop(0.0)
        self.until(lambda: all(node.done.is_set() for node in self.nodes), HURRY_TIMEOUT_S)
        for point in self.points:
            point.close(whole=False)
        keeper.renew(self.nodes, detached=True)
        return self.save(keeper)

    def _abandon(self, keeper: Keeper | None) -> None:
        """After an error: what was kept stays, a session that holds nothing goes."""
        for node in self.nodes:
            if node.done.is_set():
                continue
            if node.greeted.is_set():
                node.stop(0.0)
            else:
                node.give_up("given up")
        deadline = time.monotonic() + HURRY_TIMEOUT_S
        for node in self.nodes:
            if node.ident is not None:
                node.done.wait(max(0.0, deadline - time.monotonic()))
        for node in self.nodes:
            if node.done.is_set() and (node.home or not node.points):
                self.release(node)
        for point in self.points:
            point.close()
        if keeper is not None and not any(point.kept_bytes for point in self.points):
            keeper.discard()
        for sink in self.sinks if self.points else ():
            sink.end({}, self.hurry)

    def _read_again(self, keeper: Keeper) -> None:
        """Keep what the cluster tells at the end, and the user's files where they were written anew meanwhile."""
        for told in (self.cluster_facts.rest(), self.cluster_facts.again()):
            keeper.add_inventory(told.texts)
            self._changed[""] = {*self._changed.get("", ()), *told.texts}
            for sentence in told.warnings:
                self.say(sentence)
        try:
            late = read_files(self.request.inventory)
        except UsageError as error:
            self.say(str(error))
            return
        keeper.add_inventory({name: text for name, text in late.items() if name not in self.texts})
        keeper.add_inventory(changed_texts(self.texts, {name: late[name] for name in late if name in self.texts}))


def _name(arrival: object) -> str:
    file = getattr(arrival, "file", None)
    return file.path.name if isinstance(file, ArrivingFile) else ""


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
    if request.detach and not request.keep:
        raise UsageError("a detached capture has nobody to stream to", hint="leave out --detach, or -w -")
    request.spool.check()
    check_user_filter(request.bpf)
