"""Both opinions on one frame beside each other: scapy's tree, tshark's tree, and where they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from captools.deep.compare import Difference, Said, differences
from captools.deep.keys import NO_KEYS, Keys
from captools.deep.scapy_tree import tree_by_scapy
from captools.deep.tree import FieldNode, text
from captools.deep.tshark_tree import tree_by_tshark
from captools.model.errors import CaptoolsError
from captools.store.one_frame import frame_of

READERS = ("scapy", "tshark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """What each reader that was asked says of a frame; ``silent``: why one says nothing."""

    trees: dict[str, FieldNode] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)

    @property
    def differences(self) -> tuple[Difference, ...] | None:
        """What the two disagree about; None where there is one opinion only."""
        if not all(name in self.trees for name in READERS):
            return None
        return differences(*(self.trees[name] for name in READERS))

    def lines(self) -> list[str]:
        """Return the trees and the comparison for people."""
        found: list[str] = []
        for name in self.trees:
            found += ["", f"By {name} (bytes of the frame in brackets):", *text(self.trees[name]).splitlines()]
        found += [f"\n{name} has no opinion: {reason}" for name, reason in self.silent.items()]
        differing = self.differences
        if differing is None:
            return found
        if not differing:
            return [*found, "", "scapy and tshark agree on every field that both know."]
        return [*found, "", "scapy and tshark disagree:", *map(_line, differing)]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; ``disagreements`` is null where there is one opinion only."""
        differing = self.differences
        return {
            "trees": {name: _tree(tree) for name, tree in self.trees.items()},
            "silent": self.silent,
            "disagreements": None if differing is None else [_difference(one) for one in differing],
        }


def opinions(
    path: str, frame: int, asked: Sequence[str] = READERS, *, vxlan_ports: Sequence[int] = (8472, 4789),
    keys: Keys = NO_KEYS,
) -> Opinions:  # fmt: skip
    """Ask scapy, tshark or both for frame ``frame`` (from 1) of a capture file.

    Of two, one that fails is silent; what a single one raises goes on to the caller.
    """
    rules = tuple(f"udp.port=={port},vxlan" for port in vxlan_ports)
    ways: dict[str, Callable[[], FieldNode]] = {
        "scapy": lambda: _by_scapy(path, frame, vxlan_ports),
        "tshark": lambda: tree_by_tshark(path, frame, decode_as=rules, keys=keys),
    }
    found = Opinions()
    for name in asked:
        try:
            found.trees[name] = ways[name]()
        except CaptoolsError as error:
            if len(asked) == 1:
                raise
            found.silent[name] = str(error)
    return found


def _by_scapy(path: str, frame: int, vxlan_ports: Sequence[int]) -> FieldNode:
    linktype, data = frame_of(path, frame)
    return tree_by_scapy(data, linktype, frame=frame, vxlan_ports=vxlan_ports)


def _line(one: Difference) -> str:
    return f"  {one.layer} {one.field}: scapy says {_said(one.one)}, tshark {_said(one.other)}"


def _said(said: tuple[Said, ...]) -> str:
    return (
        ", ".join(str(value) + (f" [{at}:{at + (size or 0)}]" if at is not None else "") for value, at, size in said)
        or "nothing"
    )


def _difference(one: Difference) -> dict[str, Any]:
    return {"layer": one.layer, "field": one.field, "scapy": [list(said) for said in one.one],
            "tshark": [list(said) for said in one.other]}  # fmt: skip


def _tree(node: FieldNode) -> dict[str, Any]:
    return {
        "name": node.name, "label": node.label, "value": node.value, "offset": node.offset, "length": node.length,
        "children": [_tree(child) for child in node.children],
    }  # fmt: skip
