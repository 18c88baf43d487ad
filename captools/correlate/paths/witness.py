"""Witnesses: the points that a packet must have passed next, and whether their silence proves that it did not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from captools.correlate.paths.bpf import Header
from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.directions import IN, OUT
from captools.correlate.paths.expected import PLAIN, WIREGUARD, Guide, Step, Walk
from captools.correlate.paths.hops import Sighting
from captools.correlate.sightings import ABSENT, Sightings
from captools.model.cluster import Node
from captools.model.flows import Flow
from captools.model.packets import Proto
from captools.model.paths import Expected, Way
from captools.model.points import Role, role_of
from captools.wire.tunnels import VXLAN_PORTS

_GENEVE_PORT = 6081


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Asks the expected points of a packet."""

    rows: Sightings
    coverage: Coverage
    guide: Guide

    def behind(self, last: Sighting, flow: Flow, seen: set[str]) -> tuple[str, str]:
        """Return (the first point behind ``last`` whose silence proves a loss, why there is none).

        ``flow`` holds the inner addresses in the direction of travel, ``seen`` the points at which any of its packets
        came by: those are no witnesses against it.
        """
        walk = self.onward(last, flow)
        at_ns = int(self.rows["ts_ns"][last.row])
        steps = [step for step in walk.steps if step.point not in seen]
        if not steps and not walk.end:
            here = self.rows.point(last.row)
            return "", f"it reached {here}, the last point before its destination, and only an answer would prove more"
        if walk.end:
            steps += [step for step in self.doors(flow) if step.point not in {*seen, *(one.point for one in steps)}]
        reasons = []
        for step in steps:
            why = self.blind(step, flow, at_ns)
            if not why:
                return step.point, ""
            reasons.append(why)
        captured = [why for step, why in zip(steps, reasons, strict=True) if self.coverage.captured(step.point)]
        return "", (captured or reasons or [walk.end])[0]

    def onward(self, last: Sighting, flow: Flow) -> Walk:
        """Return the way that lies before a packet at its last sighting."""
        rows, row = self.rows, last.row
        point = rows.point(row)
        node = point.partition("/")[0]
        sealed = rows["wg_type"][row] != ABSENT
        if sealed or int(rows["depth"][row]) > 0:
            names = ("src", "dst") if sealed else ("outer_src", "outer_dst")
            outer = rows.address(names[0], row) or "", rows.address(names[1], row) or ""
            carried = WIREGUARD if sealed else rows.tunnel(row)
            walk = self.guide.unwrap(node, outer, carried, flow.src, flow.dst)
        else:
            walk = self.guide.walk(node, flow.src, flow.dst)
        return self._behind(walk, point, last.direction)

    def _behind(self, walk: Walk, point: str, direction: int) -> Walk:
        """Drop the steps up to ``point``; all of them, where the packet left its node by another interface."""
        places = [at for at, step in enumerate(walk.steps) if step.point == point]
        if places and direction != IN:
            return Walk(steps=walk.steps[places[-1] + 1 :], end=walk.end)
        node, _, interface = point.partition("/")
        elsewhere = walk.steps and walk.steps[0].point.startswith(f"{node}/")
        if direction == OUT and elsewhere and role_of(interface) in (Role.NIC, Role.OTHER):
            return Walk(end=f"it left {node} by {interface}, which is not where the tables of {node} send it")
        return walk

    def doors(self, flow: Flow) -> list[Step]:
        """Return the points that any delivery must pass: the destination's own card and interface.

        The card is none where WireGuard or IPsec hides what comes in by it.
        """
        target = self.guide.home(flow.dst)
        if target is None:
            return []
        found = []
        card = self._card(target, flow)
        if card:
            why = f"{target.name}, where {flow.dst} is, is reached by it"
            found.append(Step(point=f"{target.name}/{card}", direction=IN, why=why, role=Role.NIC))
        pod = self.guide.cluster.pod_of(flow.dst)
        if pod is not None and pod.interface:
            why = f"it is the interface of {pod.full_name}"
            found.append(Step(point=f"{pod.node}/{pod.interface}", direction=OUT, why=why, role=Role.PODS))
        return found

    def mute(self, flow: Flow, at_ns: int) -> str:
        """Return the interface of the pod ``flow.dst`` where that would have shown the pod's answer; else nothing."""
        pod = self.guide.cluster.pod_of(flow.dst)
        if pod is None or not pod.interface:
            return ""
        point = f"{pod.node}/{pod.interface}"
        door = Step(point=point, direction=IN, why="", role=Role.PODS)
        home = Flow(flow.dst, flow.src, flow.proto, flow.dport, flow.sport)
        return "" if self.blind(door, home, at_ns) else point

    def _card(self, target: Node, flow: Flow) -> str:
        settings = self.guide.cluster.datapath(target.name)
        pods = self.guide.cluster.pod_of(flow.dst) is not None and self.guide.home(flow.src) is not None
        if pods and settings.encryption in ("wireguard", "ipsec"):
            return ""
        card = next((link.name for link in target.links if target.internal_ip in link.addresses), "")
        ways = target.routes_to(flow.src)
        back = ways[0]
        # A node that answers by another card may also be asked by it, and one whose way changed by either.
        if len(ways) > 1:
            return ""
        return card if back is None or back.dev == card or role_of(back.dev) is not Role.NIC else ""

    def blind(self, step: Step, flow: Flow, at_ns: int) -> str:
        """Return why the silence of ``step`` proves nothing; the empty string where it does."""
        if not self.coverage.captured(step.point):
            return f"{step.point} was not captured"
        if step.carried == WIREGUARD:
            return f"{step.point} shows it encrypted only"
        settings = self.guide.cluster.datapath(step.point.partition("/")[0])
        if settings.encryption == "ipsec" and step.role is Role.NIC:
            return f"IPsec may hide it at {step.point}"
        inner = Header(src=flow.src, dst=flow.dst, proto=flow.proto, sport=flow.sport, dport=flow.dport)
        header = inner
        if step.carried != PLAIN and step.outer is not None:
            port = _GENEVE_PORT if step.carried == "geneve" else self._vxlan_port()
            header = Header(src=step.outer[0], dst=step.outer[1], proto=Proto.UDP, dport=port)
            if step.carried not in ("vxlan", "geneve"):
                header = Header(src=step.outer[0], dst=step.outer[1], proto=_protocol(step.carried, inner))
        return self.coverage.why_not_witness(
            step.point, at_ns, header=header, inner=inner if header is not inner else None, direction=step.direction
        )

    def _vxlan_port(self) -> int:
        configured = self.guide.cluster.config.get("tunnel-port", "")
        return int(configured) if configured.isdecimal() and int(configured) else VXLAN_PORTS[0]

    def expected(self, walk: Walk, flow: Flow, way: Way, seen: Iterable[str], at_ns: int) -> tuple[Expected, ...]:
        """Return what is to be said of each step of a walk: seen there, or why not."""
        known = set(seen)
        return tuple(
            Expected(
                point=step.point,
                way=way,
                why=step.why,
                seen=step.point in known,
                blind="" if step.point in known else self.blind(step, flow, at_ns),
            )
            for step in walk.steps
        )


def _protocol(tunnel: str, inner: Header) -> int:
    if tunnel in ("gre", "gretap", "ip6gre"):
        return Proto.GRE
    return Proto.IPV6 if inner.version == 6 else Proto.IPIP
