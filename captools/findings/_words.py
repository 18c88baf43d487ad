"""How findings speak of addresses, packets and requests."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from captools.model.addresses import endpoint
from captools.model.cluster import Cluster
from captools.model.evidence import Evidence
from captools.model.paths import Hop

MAX_EVIDENCE = 12
MAX_FRAMES = 20
_ON_LINES = re.compile(r" \(lines? [0-9, ]+\)$")


def named(cluster: Cluster, address: str, *, port: int | None = None, node: str = "") -> str:
    """Return ``name (address)``, or the bare address where nothing is known of it."""
    name = cluster.name(address, node=node, port=port)
    text = endpoint(address, port)
    return f"{name} ({text})" if name else text


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return names as ``a, b and c``, cut after ``most``."""
    every = list(dict.fromkeys(names))
    if len(every) > most:
        return ", ".join(every[:most]) + f" and {len(every) - most} more"
    return " and ".join([", ".join(every[:-1]), every[-1]]) if len(every) > 1 else "".join(every)


def typed(text: str) -> str:
    """Return a name as one word of a shell command: names come from captures and inventories, whoever wrote these."""
    return shlex.quote(text)


def counted(number: int, noun: str) -> str:
    """Return ``1 request``, ``2 requests``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def proof(hops: Iterable[Hop], shows: str) -> tuple[Evidence, ...]:
    """Return the evidence of hops, saying what it shows here."""
    found = [one.saying(shows) for hop in hops for one in hop.evidence]
    return tuple(dict.fromkeys(found))[:MAX_EVIDENCE]


def gathered(proofs: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return the evidence of many like things as one proof per file, point and statement, of MAX_FRAMES frames at most."""
    groups: dict[tuple[str, str, str], list[Evidence]] = defaultdict(list)
    for one in proofs:
        groups[one.point, one.file, _said(one)].append(one)
    return tuple(_one(group[:MAX_FRAMES]) for group in groups.values())[:MAX_EVIDENCE]


def _one(group: Sequence[Evidence]) -> Evidence:
    """Return one proof with the frames of several from the same place: its filter asks what those of all do."""
    frames = tuple(sorted({frame for one in group for frame in one.frames})[:MAX_FRAMES])
    if len(frames) == len(group[0].frames):
        return group[0]
    if group[0].lines:
        lines = tuple(sorted({line for one in group for line in one.lines})[:MAX_FRAMES])
        return replace(group[0], frames=frames, lines=lines).saying(_said(group[0]))
    # The first word of each tells its frames.
    words = [one.filter.split(" && ")[1:] for one in group]
    common = [word for word in words[0] if all(word in other for other in words[1:])]
    numbers = "frame.number in {" + ",".join(map(str, frames)) + "}"
    rules = ",".join(dict.fromkeys(rule for one in group for rule in one.decode_rules()))
    return replace(group[0], frames=frames, filter=" && ".join([numbers, *common]), decode_as=rules)


def _said(one: Evidence) -> str:
    """Return what a proof shows, without the lines of the text log that it stands on."""
    return _ON_LINES.sub("", one.shows) if one.lines else one.shows
