"""One capture of ``any`` in place of more rings than the node's budget allows. Pure.

Its packets are stored as LINUX_SLL2, which holds each one's interface index; the node's own list of links, taken at
the same time, gives the names back (store/load). Before libpcap 1.10 there is neither SLL2 nor the ``ifindex``
primitive (pcap-filter(7)).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from captools.collect.facts import NodeFacts

MIN_RING_BYTES = 4 * 1024 * 1024
# Each index costs two instructions of the 4,096 that a BPF program holds.
MAX_INDEXES = 600


def too_many(points: int, buffer_bytes: int) -> bool:
    """Tell whether so many rings, of the least size each, exceed the budget."""
    return points > 1 and points * MIN_RING_BYTES > buffer_bytes


def knows_ifindex(libpcap: str) -> bool:
    """Tell whether this libpcap writes SLL2 and reads ``ifindex``; an unknown version counts as an old one."""
    found = re.match(r"(\d+)\.(\d+)", libpcap)
    return found is not None and (int(found[1]), int(found[2])) >= (1, 10)


def joint_filter(filters: Mapping[str, str], facts: NodeFacts) -> tuple[str, str]:
    """Return the filter of one capture for all of ``filters`` (interface -> filter), and what to say about it.

    Where the indexes cannot be asked for it takes every interface, and every packet any of the filters takes.
    """
    indexes = {one.name: one.index for one in facts.interfaces if one.index}
    groups: dict[str, list[int]] = {}
    for name, expression in filters.items():
        groups.setdefault(expression, []).append(indexes.get(name, 0))
    if not knows_ifindex(facts.libpcap):
        version = facts.libpcap or "of unknown version"
        joint = "" if "" in groups else " or ".join(f"({one})" for one in groups)
        return joint, f"every interface is taken, and points may lose their names: libpcap there is {version}, not 1.10"
    if len(filters) > MAX_INDEXES or any(0 in some for some in groups.values()):
        return "" if "" in groups else " or ".join(f"({one})" for one in groups), "every interface is taken"
    parts = [_part(some, expression) for expression, some in groups.items()]
    if len(filters) >= len(indexes) and list(groups) == [""]:
        return "", "every interface is taken"
    return " or ".join(parts), ""


def _part(indexes: list[int], expression: str) -> str:
    listed = "(" + " or ".join(f"ifindex {one}" for one in sorted(indexes)) + ")"
    return f"({listed} and ({expression}))" if expression else listed
