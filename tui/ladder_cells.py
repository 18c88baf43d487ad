"""A ladder as lines of text: one line per sighting, a rail that shows what carries the packet. Pure."""

from __future__ import annotations

from rich.text import Text

from captools.model.cluster import Cluster
from captools.model.paths import Change
from captools.model.units import duration
from captools.views.ladder import Step, differences, tunnel_name
from captools.views.printable import printable
from tui.cells import CHANGE, HEADING, SOFT, evidence_lines, facts

# rail and dot by what carries the packet: a double line is a tunnel, a shaded one is encrypted
RAILS = {"plain": ("│", "●", ""), "wireguard": ("▒", "◆", "#f093cb")}
TUNNEL_RAIL = ("║", "◆", "#b89cff")
INTERFACE, TIMES = 16, 9


def node_line(node: str) -> Text:
    """Return the line that begins the sightings of one node."""
    return Text(f" {printable(node or '(no node named)', 40)}", style=HEADING, no_wrap=True)


def step_line(step: Step, interface: str) -> Text:
    """Return one sighting: interface, direction, time since the start, delay of the hop, change, VNI, TTL."""
    rail, dot, style = RAILS.get(step.medium, TUNNEL_RAIL)
    hop = step.hop
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"  {rail}{dot} ", style=style)
    line.append(f"{printable(interface, INTERFACE):<{INTERFACE}}")
    line.append(f" {hop.direction or '':<3}", style=SOFT)
    since = "start" if step.origin is None else "clock?" if step.since_ns is None else duration(step.since_ns)
    line.append(f" {since:>{TIMES}}", style=SOFT)
    delay = "" if hop.delay_ns is None else f"+{duration(hop.delay_ns)}"
    line.append(f" {delay:>{TIMES}}  ")
    change = "" if hop.change is Change.NONE else hop.change.value
    line.append(f"{change:<13}", style=CHANGE[hop.change])
    line.append(f"VNI {hop.vni}" if hop.vni is not None else "" if hop.ttl is None else f"ttl {hop.ttl}", style=style)
    return line


def step_pane(step: Step, before: Step | None, cluster: Cluster) -> Text:
    """Return everything about one sighting, beginning with what changed since the one before."""
    hop = step.hop
    node, slash, _ = hop.point.partition("/")
    ports = tuple("" if port is None else f":{port}" for port in (hop.sport, hop.dport))
    text = Text()
    text.append(f"{printable(hop.point, 70)}\n", style=HEADING)
    if before is not None:
        changed = differences(before.hop, hop)
        text.append(f"Changed since {printable(before.hop.point, 60)}\n" if changed else "", style=SOFT)
        for name, old, new in changed:
            text.append(f"  {name}: ", style=SOFT)
            text.append(f"{printable(old, 60)} → {printable(new, 60)}\n")
        if not changed:
            text.append(f"Nothing changed since {printable(before.hop.point, 60)}\n", style=SOFT)
    error = f" ± {duration(hop.delay_error_ns)}" if hop.delay_error_ns else ""
    names = [cluster.name(address, node=node if slash else "") for address in (hop.src, hop.dst)]
    outer = f"{hop.outer_src} → {hop.outer_dst}" if hop.outer_src else ""
    text.append("\n")
    text.append_text(
        facts(
            [
                ("packet", f"{hop.src}{ports[0]} → {hop.dst}{ports[1]}"),
                ("names", f"{names[0] or '?'} → {names[1] or '?'}" if any(names) else ""),
                ("tunnel", tunnel_name(hop)),
                ("outer", outer),
                ("identity", hop.identity),
                ("TTL", hop.ttl),
                ("on the wire", f"{hop.wire_len:,} bytes" if hop.wire_len else ""),
                ("delay", "" if hop.delay_ns is None else f"{duration(hop.delay_ns)}{error}"),
                ("confidence", hop.confidence.value),
            ]
        )
    )
    for one in hop.evidence:
        text.append_text(evidence_lines(one))
    return text
