"""How findings speak of addresses, packets and requests."""

from __future__ import annotations

from collections.abc import Iterable

from captools.model.addresses import endpoint
from captools.model.cluster import Cluster
from captools.model.evidence import Evidence
from captools.model.paths import Hop

MAX_EVIDENCE = 12
MAX_FRAMES = 20


def named(cluster: Cluster, address: str, *, port: int | None = None, node: str = "") -> str:
    """Return ``name (address)``, or the bare address where nothing is known of it."""
    name = cluster.name(address, node=node)
    text = endpoint(address, port)
    return f"{name} ({text})" if name else text


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return names as ``a, b and c``, cut after ``most``."""
    every = list(dict.fromkeys(names))
    if len(every) > most:
        return ", ".join(every[:most]) + f" and {len(every) - most} more"
    return " and ".join([", ".join(every[:-1]), every[-1]]) if len(every) > 1 else "".join(every)


def counted(number: int, noun: str) -> str:
    """Return ``1 request``, ``2 requests``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def proof(hops: Iterable[Hop], shows: str) -> tuple[Evidence, ...]:
    """Return the evidence of hops, saying what it shows here."""
    found = [one.saying(shows) for hop in hops for one in hop.evidence]
    return tuple(dict.fromkeys(found))[:MAX_EVIDENCE]
