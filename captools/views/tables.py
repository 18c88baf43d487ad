"""What people read on the command line: header and rows of each table."""

from __future__ import annotations

from captools.model.addresses import endpoint
from captools.model.analysis import Analysis
from captools.model.paths import Hop, Outcome, Path, Way
from captools.model.requests import Request
from captools.model.units import duration, rfc3339
from captools.views.path_notes import notes, origin

Rows = list[tuple[object, ...]]
REQUESTS = ("time", "method", "host", "path", "status", "client", "xff", "proxy", "source", "kind", "backend",
            "backend node", "gateway", "total", "confidence")  # fmt: skip
FINDINGS = ("severity", "rule", "confidence", "statement")
FLOWS = ("flow", "packets", "outcome", "last seen", "points")


def requests(analysis: Analysis) -> Rows:
    """One row per request."""
    return [_request(one) for one in analysis.requests]


def _request(one: Request) -> tuple[object, ...]:
    source = (one.proxy.source_address if one.proxy else None) or None
    kind = one.proxy.source_kind if one.proxy and source else None
    backend = (one.backend.pod or endpoint(one.backend.ip, one.backend.port)) if one.backend else None
    return (
        clock(one.ts_ns), one.method, one.host, one.path, one.status, one.client, ", ".join(one.xff) or None,
        one.proxy.node if one.proxy else None, source, kind, backend, one.backend.node if one.backend else None,
        duration(one.gateway_ns), duration(one.total_ns), one.confidence.value,
    )  # fmt: skip


_BAD_FIRST = [Outcome.LOST, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.DELIVERED]


def worst_first(analysis: Analysis) -> list[Path]:
    """Return the paths with what failed first, each kind by time: that is what a reader looks for."""
    return sorted(analysis.paths, key=lambda one: (_BAD_FIRST.index(one.outcome), one.first_ns))


def clock(ts_ns: int) -> str:
    """Return the time of day in UTC with microseconds."""
    return rfc3339(ts_ns)[11:26]


def flows(analysis: Analysis) -> Rows:
    """One row per conversation."""
    return [(one.flow, one.packets, one.outcome.value, one.last_seen, len(one.points)) for one in worst_first(analysis)]


def ladder(analysis: Analysis, path: Path) -> list[str]:
    """Return one path as lines: the ends by name, then each hop with what changed and how long it took."""
    lines = heading(analysis, path)
    for way in (Way.FORWARD, Way.REPLY):
        if path.ways(way):
            lines += [f"  {way.value}:", *hop_lines(path.ways(way))]
    return lines + [f"  note: {note}" for note in notes(path, analysis.cluster)]


def heading(analysis: Analysis, path: Path) -> list[str]:
    """Return which path it is, by addresses and names, and on a second line how it ended."""
    cluster = analysis.cluster
    source, target = cluster.name(path.flow.src, node=origin(path)), cluster.name(path.flow.dst, port=path.flow.dport)
    names = f"  ({source or '?'} to {target or '?'})" if source or target else ""
    return [
        f"{path.flow}{names}: {path.outcome.value}, {path.packets} packet{'' if path.packets == 1 else 's'}",
        f"  {path.reason}",
    ]


def hop_lines(hops: tuple[Hop, ...]) -> list[str]:
    """Return the hops of one packet as aligned lines."""
    rows = []
    for hop in hops:
        error = f" ±{duration(hop.delay_error_ns)}" if hop.delay_error_ns else ""
        sign = "+" if (hop.delay_ns or 0) >= 0 else ""
        delay = f"{sign}{duration(hop.delay_ns)}{error}" if hop.delay_ns is not None else ""
        ttl = "" if hop.ttl is None else f"ttl {hop.ttl}"  # printed text seldom tells it
        ttl = ttl if hop.outer_ttl is None else f"{ttl} in {hop.outer_ttl}"
        frame = f"frame {hop.evidence[0].frames[0]}" if hop.evidence else ""
        frame += f" and {hop.frames - 1} more" if hop.frames > 1 else ""
        rows.append((hop.point, hop.direction or "", frame, ttl, hop.change.value, delay, _carried(hop)))
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    return [
        "    " + "  ".join(cell.ljust(w) for cell, w in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows
    ]


def _carried(hop: Hop) -> str:
    """Say what the packet looks like at a hop."""
    if hop.tunnel == "wireguard":
        return f"WireGuard {hop.src} > {hop.dst}"
    inner = f"{endpoint(hop.src, hop.sport)} > {endpoint(hop.dst, hop.dport)}"
    if hop.tunnel == "vxlan":
        who = f" = {hop.identity}" if hop.identity and hop.identity != str(hop.vni) else ""
        return f"VXLAN (tcpdump: OTV, instance {hop.vni}{who}) {hop.outer_src} > {hop.outer_dst} | {inner}"
    if hop.tunnel != "none":
        return f"{hop.tunnel} {hop.outer_src} > {hop.outer_dst} | {inner}"
    return inner
