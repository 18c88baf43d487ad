"""Connections whose addresses were rewritten on the way: what became of them, and which node did it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from captools.correlate.same.flows import Connection
from captools.model.addresses import endpoint
from captools.model.evidence import Confidence, Evidence
from captools.model.flows import Flow
from captools.model.paths import Asymmetry, Hop, Path, Way
from captools.model.services import Rewriting

# Linux's net.ipv4.ip_local_port_range begins here: a lower port is a service's.
FIRST_EPHEMERAL = 32_768
_TURN = {"in": "out", "out": "in"}


def rewritings(paths: Sequence[Path], groups: Sequence[Sequence[Connection]]) -> Iterator[Rewriting]:
    """Yield one entry for each conversation that has other addresses at its far end than its originator gave it.

    ``groups`` are the address pairs of each path. Conversations of which nothing tells who began are left out: turned
    round, a masquerade looks like a service.
    """
    for path, variants in zip(paths, groups, strict=True):
        if len(variants) < 2 or not (any(one.certain for one in variants) or _plain(path.flow)):
            continue
        hops = way_there(path)
        if len(hops) < 2 or (hops[0].src, hops[0].dst) != (path.flow.src, path.flow.dst):
            continue
        if _ends(hops[0]) != _ends(hops[-1]):
            yield _rewriting(path, hops)


def way_there(path: Path) -> tuple[Hop, ...]:
    """Return the hops from the originator on; where only answers were seen, theirs backwards. Datagrams are left out."""
    there = _bare(path.ways(Way.FORWARD))
    return there or tuple(_turned(hop) for hop in reversed(_bare(path.ways(Way.REPLY))))


def _bare(hops: tuple[Hop, ...]) -> tuple[Hop, ...]:
    """Return the hops that show the packet itself and not a WireGuard datagram around it."""
    return tuple(hop for hop in hops if hop.tunnel != "wireguard")


def _turned(hop: Hop) -> Hop:
    direction = _TURN.get(hop.direction or "", hop.direction)
    return replace(hop, src=hop.dst, dst=hop.src, sport=hop.dport, dport=hop.sport, direction=direction)


def _plain(flow: Flow) -> bool:
    """Tell whether the ports alone make clear who asked whom."""
    return flow.dport is not None and flow.sport is not None and flow.dport < FIRST_EPHEMERAL <= flow.sport


def _ends(hop: Hop) -> tuple[str, int | None, str, int | None]:
    return hop.src, hop.sport, hop.dst, hop.dport


def _rewriting(path: Path, hops: tuple[Hop, ...]) -> Rewriting:
    first, last = hops[0], hops[-1]
    # The destination says who balances; where it stays, the source says who masquerades.
    target = (first.dst, first.dport) != (last.dst, last.dport)
    at = next(
        at
        for at, (one, other) in enumerate(zip(hops, hops[1:], strict=False))
        if ((one.dst, one.dport) != (other.dst, other.dport) if target else _source(one) != _source(other))
    )
    before, after = hops[at], hops[at + 1]
    return Rewriting(
        flow=path.flow,
        src=last.src,
        sport=last.sport,
        dst=last.dst,
        dport=last.dport,
        node=_translator(before, after),
        between=(before.point, after.point),
        ts_ns=path.first_ns,
        confidence=max(before.confidence, after.confidence, key=list(Confidence).index),
        evidence=(*_proof(before, "before"), *_proof(after, "behind")),
        direct_return=any(one.kind is Asymmetry.DIRECT_RETURN for one in path.detours),
    )


def _proof(hop: Hop, where: str) -> tuple[Evidence, ...]:
    shows = f"{where} the translation: {endpoint(hop.src, hop.sport)} > {endpoint(hop.dst, hop.dport)}"
    return tuple(one.saying(shows) for one in hop.evidence)


def _source(hop: Hop) -> tuple[str, int | None]:
    return hop.src, hop.sport


def _translator(before: Hop, after: Hop) -> str:
    """Return the node that translated between two hops; the empty string where either of several may have.

    What left a node and came back changed was changed elsewhere.
    """
    node, slash, _ = before.point.partition("/")
    same = bool(slash) and after.point.startswith(f"{node}/")
    return node if same and before.direction != "out" and after.direction != "in" else ""
