"""Which name an address stands for: what DNS answered a client before it called that address."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from captools.model.addresses import to_text
from captools.model.analysis import Analysis
from captools.model.paths import Hop


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """An answer that ``server`` gave; ``hop`` is where it was seen nearest to the client."""

    name: str
    server: str
    hop: Hop


def lookup(analysis: Analysis, client: str, address: str, before_ns: int) -> Lookup | None:
    """Return the last answer with ``address`` that ``client`` got before a time; None where none was captured.

    The time is one of the reference node's clock, as in a path's ``first_ns``.
    """
    said = analysis.dns
    said = said.filter(pc.fill_null(pc.and_(said["response"], pc.is_valid(said["qname"])), False))
    if not len(said):
        return None
    answers = said["answers"].combine_chunks()
    at = pc.list_parent_indices(answers).filter(pc.equal(pc.list_flatten(answers), address))
    told = said.take(pc.unique(at)) if len(at) else said.slice(0, 0)
    ends = analysis.packets.select(["src", "dst"]).take(told["row"])
    for number in reversed(range(len(told))):
        if to_text(ends["dst"][number].as_py()) != client:
            continue
        hops = analysis.hops_of(told["row"][number].as_py())
        if hops and hops[-1].ts_ns <= before_ns:
            return Lookup(name=told["qname"][number].as_py(), server=to_text(ends["src"][number].as_py()), hop=hops[-1])
    return None
