"""Where two opinions on one packet differ, field by field."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from captools.deep.fields import KINDS, LAYERS
from captools.deep.tree import FieldNode, Value

Said = tuple[Value, int | None, int | None]  # value, offset, length


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field (or layer) of which the two trees say different things; empty: this tree has it not."""

    layer: str  # name and place among the layers, as ip#3
    field: str
    one: tuple[Said, ...]
    other: tuple[Said, ...]


def layers(tree: FieldNode) -> list[FieldNode]:
    """Return the layers of a frame that both opinions know, outermost first, quoted packets in ICMP errors too.

    Ends before the first layer that is not compared, and behind WireGuard: what lies in it is the business of one
    opinion alone (tshark's, where it has keys).
    """
    found: list[FieldNode] = []
    for layer in tree.children:
        if layer.name not in LAYERS:
            break
        found.append(layer)
        found.extend(child for child in layer.children if child.name in LAYERS and child.children)
        if layer.name == "wg":
            break
    return found


def differences(one: FieldNode, other: FieldNode) -> tuple[Difference, ...]:
    """Return what two trees of the same frame disagree about, among the fields that both decode."""
    ours, theirs = layers(one), layers(other)
    names, other_names = [layer.name for layer in ours], [layer.name for layer in theirs]
    if names != other_names:
        return (
            Difference(layer="frame", field="layers", one=((":".join(names), None, None),),
                       other=((":".join(other_names), None, None),)),
        )  # fmt: skip
    found: list[Difference] = []
    for place, (left, right) in enumerate(zip(ours, theirs, strict=True)):
        a, b = _fields(left), _fields(right)
        found.extend(
            Difference(layer=f"{left.name}#{place}", field=name, one=a.get(name, ()), other=b.get(name, ()))
            for name in KINDS
            if a.get(name, ()) != b.get(name, ())
        )
    return tuple(found)


def _fields(layer: FieldNode) -> dict[str, tuple[Said, ...]]:
    """Return the compared fields of one layer, without those of packets quoted in it."""
    found: dict[str, list[Said]] = defaultdict(list)
    waiting = list(layer.children)
    while waiting:
        node = waiting.pop(0)
        if node.name in LAYERS:
            continue
        if node.name in KINDS:
            found[node.name].append((node.value, node.offset, node.length))
        waiting.extend(node.children)
    return {name: tuple(said) for name, said in found.items()}
