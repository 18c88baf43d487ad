"""Sessions changed in ways whose effect is known in advance, and what is said of them in a form that can be compared."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any

import numpy as np
import pyarrow as pa

from captools.model.addresses import to_bytes
from captools.model.analysis import Analysis
from captools.model.flows import Flow
from captools.model.packets import HTTP, PACKETS, TLS, Proto
from captools.model.paths import Outcome, Way
from captools.model.session import ToolCounts
from captools.store.files import read_file
from tests.correlate.material import Material
from tests.correlate.same.rewritten import coalesced

Place = tuple[str, int]  # point, frame
Links = frozenset[frozenset[Place]]
Steps = tuple[tuple[str, str], ...]  # points and changes


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one flow."""

    outcome: Outcome
    packets: int
    forward: Steps
    reply: Steps
    proven_losses: int


def said(analysis: Analysis) -> dict[Flow, Said]:
    """Return what is said of every flow."""
    return {
        path.flow: Said(
            path.outcome, path.packets, _steps(path, Way.FORWARD), _steps(path, Way.REPLY),
            sum(loss.packets for loss in path.losses if loss.proven),
        )
        for path in analysis.paths
    }  # fmt: skip


def _steps(path: Any, way: Way) -> Steps:
    return tuple((hop.point, hop.change.value) for hop in path.ways(way))


def joined(analysis: Analysis) -> set[tuple[object, ...]]:
    """Return every request with its backend connection."""
    return {
        (one.method, one.path, one.status, one.client_leg and (one.client_leg.src, one.client_leg.sport),
         one.backend_leg and (one.backend_leg.src, one.backend_leg.sport), one.proxy and one.proxy.node,
         one.backend and one.backend.pod)
        for one in analysis.requests
    }  # fmt: skip


def links(analysis: Analysis) -> Links:
    """Return all pairs of frames of different points that are said to show one packet, or bytes of one."""
    found = set()
    columns = [analysis.packets[name].to_pylist() for name in ("point", "frame")]
    for row, place in enumerate(zip(*columns, strict=True)):
        for hop in analysis.hops_of(row):
            for proof in hop.evidence:
                found |= {frozenset((place, (proof.point, at))) for at in proof.frames if proof.point != place[0]}
    return frozenset(found)


def among(all_: Links, keep: Callable[[Place], bool]) -> Links:
    """Return the links both ends of which are kept."""
    return frozenset(link for link in all_ if all(keep(place) for place in link))


def files_reversed(one: Material) -> Material:
    """Read the files in the opposite order."""
    names = [source.name for source in one.sources]
    rank = np.array([-names.index(name) for name in one.packets["source"].to_pylist()])
    return replace(one.where(np.argsort(rank, kind="stable")), sources=tuple(reversed(one.sources)))


def thinned(one: Material, point: str, share: float, seed: int) -> tuple[Material, set[Place]]:
    """Miss a share of the packets at one point, as an overrun capture does and says; return what was missed too."""
    chance = np.random.default_rng(seed).random(len(one.packets))
    here = np.array(one.packets["point"].to_pylist()) == point
    missed = here & (chance < share)
    frames = np.array(one.packets["frame"].to_pylist())
    kept = one.where(np.flatnonzero(~missed))
    counts = ToolCounts(captured=int((here & ~missed).sum()), received=int(here.sum()), dropped=int(missed.sum()))
    sources = tuple(replace(source, counts=counts) if source.point == point else source for source in one.sources)
    return replace(kept, sources=sources), {(point, int(frame)) for frame in frames[missed]}


def behind_nat(one: Material, pod: str, node: str, address: str, kept: str) -> Material:
    """Let a pod be seen with its node's address and other ports everywhere but at its own interface ``kept``.

    As masquerading does it, to whomever the pod speaks. The inverse of what a router sees on the way back.
    """
    rows = one.packets.to_pylist()
    old, new = to_bytes(pod), to_bytes(address)
    for row in rows:
        if row["point"] == kept:
            continue
        for end, port in (("src", "sport"), ("dst", "dport")):
            if row[end] == old:
                row[end] = new
                if row["proto"] == Proto.TCP:
                    row[port] = 61_000 + row[port] % 4_000
                elif row["icmp_id"] is not None:
                    row["icmp_id"] += 20_000
    return replace(one, packets=pa.Table.from_pylist(rows, schema=PACKETS))


def with_receive_offload(one: Material, point: str, most: int = 16) -> tuple[Material, dict[Place, Place]]:
    """Merge segments at one point into super-frames; return swallowed frame -> frame that holds it now.

    Messages are left out: their rows are not those of the new table.
    """
    packets, swallowed = coalesced(one.packets, point, most)
    into = {(point, part): (point, frame) for frame, parts in swallowed.items() for part in parts}
    return replace(one, packets=packets, http=HTTP.empty_table(), tls=TLS.empty_table()), into


def renamed_copy(folder: File, into: File, names: Mapping[str, str]) -> File:
    """Copy a session with other node names, in its files' names and in all it says; captures stay as they are."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or ".cache" in path.parts:
            continue
        target = into / _renamed(path.relative_to(folder).as_posix(), names)
        target.parent.mkdir(parents=True, exist_ok=True)
        if ".pcap" in path.suffixes:
            shutil.copyfile(path, target)
        else:
            text = read_file(path)[0].decode("utf-8")
            target.with_name(target.name.removesuffix(".zst")).write_text(_renamed(text, names), encoding="utf-8")
    return into


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text
