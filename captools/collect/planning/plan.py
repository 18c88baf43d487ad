"""From what the nodes have and what the user asked for, to the tools that run there. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from captools.collect.facts import NodeFacts
from captools.collect.planning.choose import Choice, choose
from captools.collect.planning.crowd import MIN_RING_BYTES, joint_filter, too_many
from captools.collect.planning.filters import left_out, point_filter, shipping
from captools.collect.planning.pods import rows_of, without_device
from captools.collect.planning.road import Road, road_of
from captools.collect.planning.roles import role_of_interface
from captools.collect.request import CaptureRequest
from captools.collect.targets import Target
from captools.collect.tools import Wish, tool
from captools.model.cluster import Cluster
from captools.model.points import Point, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One tool at one point, ready to start. ``channel`` is its number on the node's connection.

    filter: the whole BPF text the tool gets. user_filter: the part of it that was asked for, or that a request's
    road needs. excluded: what is left out as shipping traffic, one BPF text each. ring_bytes: 0 where the tool has
    no ring of its own.
    """

    channel: int
    point: Point
    role: Role
    argv: tuple[str, ...]
    filter: str
    user_filter: str = ""
    excluded: tuple[str, ...] = ()
    ring_bytes: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """What runs on one node, and what was asked for there but cannot be: (interface, sentence).

    crowded: how many points were too many for the ring budget; 0 where none were. pods: those that were found here.
    """

    runs: tuple[PlannedRun, ...]
    missing: tuple[tuple[str, str], ...] = ()
    node: str = ""
    way: str = ""
    notes: tuple[str, ...] = ()
    crowded: int = 0
    pods: tuple[str, ...] = ()

    @property
    def ring_bytes(self) -> int:
        """Kernel memory of all rings on this node."""
        return sum(run.ring_bytes for run in self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePlan:
    """The plan of a whole capture. ``missing``: what was asked for and is on none of its nodes."""

    nodes: tuple[NodePlan, ...]
    missing: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    road: Road | None = None
    again: Callable[[str], CapturePlan] | None = field(default=None, compare=False, repr=False)

    def keeping_all(self) -> CapturePlan:
        """Return the plan that keeps every point, however little ring memory there is for each."""
        return self.again("each") if self.again is not None else self

    def node(self, name: str) -> NodePlan:
        """Return the plan of one node; an empty one where nothing runs there."""
        return next((one for one in self.nodes if one.node == name), NodePlan(runs=(), node=name))

    @property
    def crowded(self) -> bool:
        """Tell whether any node has too many points for its ring budget."""
        return any(one.crowded for one in self.nodes)


def plan_capture(
    request: CaptureRequest,
    facts: Mapping[str, NodeFacts],
    cluster: Cluster,
    targets: Mapping[str, Target] | None = None,
) -> CapturePlan:
    """Return the plan for every node that answered with ``facts``; UsageError where the request leads nowhere.

    ``targets``: the nodes as they were reached, where that is not as they were asked for. Everybody's shipping
    traffic is left out everywhere: a router sees all of it.
    """
    reached = {target.name: target for target in request.targets} | dict(targets or {})
    roles = {name: reached[name].role if name in reached else "node" for name in facts}
    road = road_of(request.asked, cluster, roles) if request.asked is not None else None
    ways = {name: shipping(reached.get(name, Target(name=name)), one.ssh_connection) for name, one in facts.items()}
    nodes = []
    for name, one in facts.items():
        others = tuple(way for other, some in ways.items() if other != name for way in some)
        plan = plan_node(name, one, request, cluster, (*ways[name], *others), road)
        nodes.append(replace(plan, way=reached[name].way) if name in reached else plan)
    return CapturePlan(
        nodes=tuple(nodes),
        missing=tuple(_nowhere(request, cluster, nodes)),
        notes=road.notes if road is not None else (),
        road=road,
        again=lambda many: plan_capture(replace(request, many=many), facts, cluster, targets),
    )


def _nowhere(request: CaptureRequest, cluster: Cluster, nodes: list[NodePlan]) -> list[tuple[str, str]]:
    """Return the pods that no node of the plan has: their node is unknown, or is not captured on."""
    known = {one.node for one in nodes}
    found = []
    for full_name in request.pods:
        homes = {pod.node for pod in rows_of(cluster, full_name)} - {""}
        if homes and not homes & known:
            home = sorted(homes)[0]
            found.append((full_name, f"pod {full_name} runs on {home}, which is not captured on: add --node {home}"))
        elif not homes and not any(full_name in one.pods for one in nodes):
            found.append(
                (full_name, f"pod {full_name}: no node of this capture has it; name its node's device with -i")
            )
    return found


def plan_node(
    name: str,
    facts: NodeFacts,
    request: CaptureRequest,
    cluster: Cluster,
    ways: tuple[str, ...] = (),
    road: Road | None = None,
) -> NodePlan:
    """Return the plan for node ``name``; ``ways``: BPF texts of the ways home, its own first."""
    chosen, missing = choose(name, facts, request, cluster, road)
    filters = whole = {one.interface: _filter_at(one.interface, facts, request, road) for one in chosen}
    pods = tuple(one.pod for one in chosen if one.pod)
    crowd = len(chosen) if request.tool == "tcpdump" and too_many(len(chosen), request.buffer_bytes) else 0
    notes: tuple[str, ...] = ()
    if crowd and request.many == "each":
        notes = (
            f"{crowd} rings take {crowd * MIN_RING_BYTES >> 20} MiB of kernel memory, more than "
            f"the {request.buffer_bytes >> 20} MiB of --buffer",
        )
    elif crowd:
        joint, said = joint_filter(filters, facts)
        # Choosing interfaces hides nothing at those that are chosen, so it is no part of what the user filtered.
        shared = filters[chosen[0].interface] if len(set(filters.values())) == 1 else joint
        listed = ", ".join(list(filters)[:6]) + (" …" if crowd > 6 else "")
        why = f"one capture in place of {crowd} points, told apart by interface index: {listed}"
        chosen, filters, whole = [Choice(interface="any", why=why)], {"any": shared}, {"any": joint}
        notes = (
            f"{crowd} points of {MIN_RING_BYTES >> 20} MiB each are more than the {request.buffer_bytes >> 20} MiB "
            f"of --buffer: one capture of any takes their place{'; ' + said if said else ''}",
        )
    kind = tool(request.tool)
    ring = max(MIN_RING_BYTES, request.buffer_bytes // max(1, len(chosen)))
    runs = []
    for channel, one in enumerate(chosen, start=1):
        expression = point_filter(ways, whole[one.interface])
        wish = Wish(
            interface=one.interface,
            filter=expression,
            match=request.match,
            snaplen=request.snaplen,
            ring_bytes=ring,
            live=request.live,
        )
        runs.append(
            PlannedRun(
                channel=channel,
                point=Point(name, one.interface),
                role=role_of_interface(facts, one.interface),
                argv=tuple(kind.argv(wish)),
                filter=expression,
                user_filter=filters[one.interface],
                excluded=left_out(ways),
                ring_bytes=ring if request.tool == "tcpdump" else 0,
                why=one.why,
            )
        )
    return NodePlan(runs=tuple(runs), missing=tuple(missing), node=name, notes=notes, crowded=crowd, pods=pods)


def _filter_at(interface: str, facts: NodeFacts, request: CaptureRequest, road: Road | None) -> str:
    """Return what is asked of the packets at one interface: the user's filter goes before the road's.

    A pod's own device carries nothing but that pod's packets. Tagged frames hide their addresses from ``host``
    where no card takes the tag off, so a node with VLANs is asked for both forms (``vlan`` shifts what follows it).
    """
    if request.bpf.strip() or road is None or not road.filter:
        return request.bpf.strip()
    role = role_of_interface(facts, interface)
    if role is Role.PODS:
        return ""
    if role is not Role.WIREGUARD and any(one.kind == "vlan" for one in facts.interfaces):
        return f"({road.filter}) or (vlan and ({road.filter}))"
    return road.filter


def wants_peers(name: str, facts: NodeFacts, request: CaptureRequest, cluster: Cluster) -> bool:
    """Tell whether the agent should be asked whose other ends the pod devices are: nothing else tells a pod's."""
    names = list(request.pods)
    if request.asked is not None:
        stop = road_of(request.asked, cluster, {name: "node"}).stop(name)
        names += [full_name for full_name, _ in stop.pods] if stop is not None else []
    for full_name in names:
        rows = rows_of(cluster, full_name)
        homes = {pod.node for pod in rows} - {""}
        if (not homes or name in homes) and without_device(rows, facts):
            return True
    return False


def start_command(plan: NodePlan, request: CaptureRequest) -> list[Mapping[str, object]]:
    """Return the plan as the agent reads it (agent/tool.py)."""
    kind = tool(request.tool)
    return [
        {
            "channel": run.channel,
            "argv": list(run.argv),
            "packets": kind.PACKETS,
            "ready": kind.READY,
            "ready_in": kind.READY_IN,
            "poll_signal": kind.POLL_SIGNAL,
        }
        for run in plan.runs
    ]
