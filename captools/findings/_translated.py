"""How findings speak of translated connections: shared by service-dnat and snat-masquerade."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from captools.findings._words import MAX_EVIDENCE, counted, listed
from captools.model.evidence import Confidence, Evidence
from captools.model.packets import Proto
from captools.model.services import Rewriting

_DOUBT = list(Confidence)
_NOUNS: dict[int, str] = {
    Proto.TCP: "connection",
    Proto.UDP: "UDP conversation",
    Proto.ICMP: "ping",
    Proto.ICMPV6: "ping",
}


def talks(connections: Iterable[Rewriting]) -> str:
    """Count conversations by kind: ``3 connections and 1 ping``."""
    kinds = Counter(_NOUNS.get(one.flow.proto, "conversation") for one in connections)
    return listed(counted(number, noun) for noun, number in sorted(kinds.items()))


def translators(connections: Iterable[Rewriting]) -> str:
    """Name the nodes that translated, each with how often where there are several."""
    every = list(connections)
    unknown = {one.between for one in every if not one.node}
    often = Counter(one.node or _somewhere(unknown) for one in every)
    return listed(f"{who} ({number})" if len(often) > 1 else who for who, number in sorted(often.items()))


def _somewhere(between: set[tuple[str, str]]) -> str:
    """Say what stands between the points on both sides of a translation where no capture tells which machine it is."""
    if len(between) > 1:
        return "machines that no capture names"
    ((one, other),) = between
    return f"a machine between {one} and {other}" if one != other else f"a machine that {one} does not name"


def sure(connections: Iterable[Rewriting]) -> Confidence:
    """Return how sure it is what became of the connections, and by whom: as sure as the least sure of them."""
    each = [
        one.confidence if one.node else max(one.confidence, Confidence.LIKELY, key=_DOUBT.index) for one in connections
    ]
    return max(each, key=_DOUBT.index)


def proof(connections: Iterable[Rewriting]) -> tuple[Evidence, ...]:
    """Return the frames before and behind the translation of some connections."""
    found = [one for each in connections for one in each.evidence]
    return tuple(dict.fromkeys(found))[:MAX_EVIDENCE]
