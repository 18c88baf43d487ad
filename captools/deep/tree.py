"""One packet as a tree of fields: the one shape that both scapy's and tshark's opinion are brought into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Value = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldNode:
    """A frame, a protocol layer in it, or a field.

    ``name`` is Wireshark's (``ip``, ``ip.src``); ``value`` is a number wherever `captools.deep.fields` knows the
    field as one, else text, and "" for a frame or a layer. ``offset`` and ``length`` are bytes of the captured
    frame; None where the field is not in it (a conclusion, or reassembled data).
    """

    name: str
    label: str = ""
    value: Value = ""
    offset: int | None = None
    length: int | None = None
    children: tuple[FieldNode, ...] = ()

    def find(self, name: str) -> Iterator[FieldNode]:
        """Yield every node called ``name``, outermost first."""
        for node in self.walk():
            if node.name == name:
                yield node

    def walk(self) -> Iterator[FieldNode]:
        """Yield this node and all nodes below it, in the order of the packet."""
        yield self
        for child in self.children:
            yield from child.walk()


def layer_node(name: str, fields: list[FieldNode], inner: tuple[FieldNode, ...] = ()) -> FieldNode:
    """Return a protocol layer of these fields, in the order of their bytes; ``inner`` are layers quoted in it."""
    ordered = sorted(fields, key=lambda one: (one.offset is None, one.offset or 0, -(one.length or 0), one.name))
    header = [one for one in ordered if one.offset is not None and not one.name.endswith((".payload", ".data"))]
    start = min((one.offset or 0 for one in header), default=None)
    end = max(((one.offset or 0) + (one.length or 0) for one in header), default=0)
    return FieldNode(
        name=name,
        label=name,
        offset=start,
        length=None if start is None else end - start,
        children=nest(ordered) + inner,
    )


def nest(fields: list[FieldNode]) -> tuple[FieldNode, ...]:
    """Put fields below the field they are a part of: its name and a dot begin theirs, and its bytes hold theirs.

    ``ip.flags.df`` goes below ``ip.flags``; ``ip.flags`` itself stays where it is.
    """
    roots: list[_Open] = []
    stack: list[_Open] = []
    for one in fields:
        while stack and not _holds(stack[-1].node, one):
            stack.pop()
        opened = _Open(node=one, parts=[])
        (stack[-1].parts if stack else roots).append(opened)
        stack.append(opened)
    return tuple(_close(one) for one in roots)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    node: FieldNode
    parts: list[_Open]


def _close(opened: _Open) -> FieldNode:
    node = opened.node
    return FieldNode(
        name=node.name,
        label=node.label,
        value=node.value,
        offset=node.offset,
        length=node.length,
        children=tuple(_close(part) for part in opened.parts) + node.children,
    )


def _holds(outer: FieldNode, inner: FieldNode) -> bool:
    if not inner.name.startswith(f"{outer.name}.") or outer.offset is None or inner.offset is None:
        return False
    outer_end, inner_end = outer.offset + (outer.length or 0), inner.offset + (inner.length or 0)
    return outer.offset <= inner.offset and inner_end <= outer_end


def text(node: FieldNode, depth: int = 0) -> str:
    """Return the tree as indented lines for people, each with the bytes it was read from."""
    place = "" if node.offset is None else f"  [{node.offset}:{node.offset + (node.length or 0)}]"
    label = node.label or (f"{node.name}: {node.value}" if node.value != "" else node.name)
    line = f"{'  ' * depth}{label}{place}"
    return "\n".join([line, *(text(child, depth + 1) for child in node.children)])
