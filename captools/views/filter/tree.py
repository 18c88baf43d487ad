"""A display filter as a tree: what the grammar found, before names and values are understood.

``at`` is where in the text a part begins, from 0: errors point there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """How two sides are compared. ``contains`` and ``matches`` take text or bytes."""

    EQ = "=="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    CONTAINS = "contains"
    MATCHES = "matches"


class Quantifier(StrEnum):
    """Of the occurrences of a field in a packet, how many the comparison must hold for."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a slice or layer choice: first one, last one (None: to the end); negative ones count from the end."""

    first: int
    last: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A bare word: the name of a field, or a value. ``layers`` as in ``ip.src#2``."""

    at: int
    text: str
    layers: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A value in quotes, its escapes undone; ``letter``: in single ones, so that it is a letter's number."""

    at: int
    text: str
    letter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes or letters of a field: ``eth.src[0:3]``."""

    at: int
    inner: Operand
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function of fields: ``lower(http.host)``."""

    at: int
    name: str
    inner: tuple[Operand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """Some bits of a field: ``tcp.flags & 0x12``."""

    at: int
    inner: Operand
    bits: Operand


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """A sum, difference, product, quotient or remainder: ``tcp.srcport + 1``."""

    at: int
    sign: str
    left: Operand
    right: Operand


Operand = Word | Quoted | Part | Call | Masked | Reckoned


@dataclass(frozen=True, slots=True, kw_only=True)
class Exists:
    """The field is in the packet; some bits of a field: one of them is set."""

    operand: Operand


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """Two sides and how they are compared; ``quantifier`` None where the relation's own meaning holds."""

    at: int
    relation: Relation
    quantifier: Quantifier | None
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One value of a set, or all from ``low`` to ``high``."""

    low: Operand
    high: Operand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """Membership of a set; ``negated`` for ``not in``."""

    at: int
    quantifier: Quantifier | None
    operand: Operand
    members: tuple[Member, ...]
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The opposite."""

    inner: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """Two or more conditions joined by ``and``, ``or`` or ``xor``."""

    word: str
    parts: tuple[Node, ...]


Node = Exists | Compare | Within | Not | Many


def words(node: Node | Operand) -> Iterator[Word]:
    """Yield every bare word of a filter: fields and values."""
    waiting: list[Node | Operand] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Word):
            yield one
        elif isinstance(one, Exists):
            waiting.append(one.operand)
        elif isinstance(one, Compare | Reckoned):
            waiting += [one.left, one.right]
        elif isinstance(one, Within):
            waiting += [one.operand, *(end for member in one.members for end in (member.low, member.high) if end)]
        elif isinstance(one, Many):
            waiting += one.parts
        elif isinstance(one, Masked):
            waiting += [one.inner, one.bits]
        elif isinstance(one, Call):
            waiting += one.inner
        elif isinstance(one, Not | Part):
            waiting.append(one.inner)
