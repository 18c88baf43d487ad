"""Services: which backends stand behind an address, who was chosen how often, and which sources were rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from captools.model.evidence import Confidence, Evidence
from captools.model.flows import Flow


class Policy(StrEnum):
    """How a balancer chooses: what one must know before shares can be held against chance."""

    RANDOM = "random"  # each choice by lot, or by a hash of addresses and ports, which is as good as one
    WEIGHTED = "weighted"  # by lot, with chances that somebody configured
    IN_TURN = "in-turn"  # round robin: no lot at all
    STICKY = "sticky"  # a client stays with its backend
    LOCAL = "local"  # a node gives to backends of its own only
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """One connection at the place where an address of it was rewritten; both hops in the direction of the request.

    ``node`` did it; it is empty where the captures do not tell, and then one of ``between`` did.
    """

    flow: Flow  # as its originator sent it
    src: str  # behind the translation
    sport: int | None
    dst: str
    dport: int | None
    node: str
    between: tuple[str, str]  # the points before and behind it
    ts_ns: int
    confidence: Confidence  # that both sides are one connection
    evidence: tuple[Evidence, ...] = ()
    direct_return: bool = False  # the answer went past the node that translated (DSR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """One backend of a service address, with the connections that were given to it."""

    ip: str
    port: int | None
    pod: str  # namespace/name; empty where no inventory knows it
    node: str
    connections: tuple[Rewriting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontend:
    """One service address and port that packets show to be translated.

    ``unseen`` counts connections to it whose backend no capture shows.
    """

    address: str
    port: int | None
    proto: int
    service: str  # namespace/name; empty where no inventory knows it
    nodes: tuple[str, ...]  # who translated, as far as the captures tell
    backings: tuple[Backing, ...]
    clients: tuple[tuple[str, int], ...]  # address and number of connections, most first
    unseen: int = 0

    @property
    def connections(self) -> int:
        """How many connections were seen on both sides of the translation."""
        return sum(len(one.connections) for one in self.backings)

    def sample(self, most: int) -> tuple[Rewriting, ...]:
        """Return some of the connections, of each backend in turn."""
        rounds = zip_longest(*(one.connections for one in self.backings))
        return tuple(each for some in rounds for each in some if each is not None)[:most]

    @property
    def node(self) -> str:
        """The node that translated all of them; the empty string where there are several, or not all are known."""
        found = {each.node for one in self.backings for each in one.connections}
        return found.pop() if len(found) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Masquerade:
    """Connections whose source, and no destination, one node replaced by one address."""

    address: str  # what the other end sees
    node: str
    connections: tuple[Rewriting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One of those that could be chosen. ``expected`` is its part of all choices, None where nothing tells."""

    name: str
    address: str
    node: str
    count: int
    expected: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How one balancer's choices fell.

    ``chance``: how probable shares at least as improbable as these are, where each choice is a lot with the expected
    shares; None where that is no question, for the reason in ``untested``. ``unseen``: choices whose outcome no capture
    shows.
    """

    what: str  # "connection" or "request"
    name: str  # of the service or route
    address: str  # on the wire; empty where clients call the backends themselves
    port: int | None
    node: str  # who chose; empty where that is not known
    shares: tuple[Share, ...]
    clients: tuple[tuple[str, int], ...]
    policy: Policy
    why: str  # where the policy is known from, or what is assumed
    confidence: Confidence
    unseen: int = 0
    in_turn: bool = False  # the choices went round, one after the other
    chance: float | None = None
    untested: str = ""
    named_by: str = ""  # how the service is known, where its address is not on the wire
    points: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def total(self) -> int:
        """How many choices were seen."""
        return sum(one.count for one in self.shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What was found out about services and masquerading; empty where no packet shows any."""

    frontends: tuple[Frontend, ...] = ()
    masquerades: tuple[Masquerade, ...] = ()
    distributions: tuple[Distribution, ...] = ()
