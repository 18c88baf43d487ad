"""What a field is: Wireshark's name, the columns it is read from, its kind and a word to the reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from captools.views.filter.kinds import Kind


class Slot(StrEnum):
    """Where in a packet a header stands, outermost first: a packet that an ICMP error quotes comes last."""

    OUTER = "outer"
    INNER = "inner"
    QUOTED = "quoted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. ``places``: for each slot, the columns its values stand in (two where a field covers both ends).

    ``table`` names the table of payloads (http, tls, dns) that holds it instead, with ``column`` in that table, or the
    header line ``header``. ``bit`` picks one flag of a number. ``least`` to ``most`` are the numbers that fit. ``words`` are
    names for numbers. ``known`` are the only numbers that the table can hold, each in words, where Wireshark
    knows more.
    """

    name: str
    kind: Kind
    description: str
    protocol: str
    places: Mapping[Slot, tuple[str, ...]] = field(default_factory=dict)
    table: str = ""
    column: str = ""
    header: str = ""
    bit: int = 0
    most: int = 0
    least: int = 0
    words: Mapping[str, int] = field(default_factory=dict)
    known: Mapping[int, str] = field(default_factory=dict)

    @property
    def sparse(self) -> bool:
        """Tell whether the values stand in a table of payloads, not in every packet's row."""
        return bool(self.column or self.header)

    @property
    def once(self) -> bool:
        """Tell whether a packet can hold one value of it at most."""
        return not self.sparse and sum(len(columns) for columns in self.places.values()) == 1
