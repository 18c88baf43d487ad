"""ARP: who asked for an address, which machine answered for it and when, and when nobody did (RFC 826)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from captools.model.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A stretch of time in which one machine, and no other, said that an address is its own.

    ``answers`` counts replies to questions, ``gratuitous`` what it announced unasked (RFC 5227, section 3), ``served`` the
    packets by which it is known where it said nothing: clients knew it from before the capture. ``virtual``:
    the MAC address is one that routers share (VRRP, HSRP, GLBP). ``proxy``: it also answers for an address of another
    machine, as proxy ARP does (RFC 1027).
    """

    mac: str
    node: str = ""  # "" where no fact tells whose MAC address it is
    interface: str = ""
    first_ns: int
    last_ns: int
    answers: int
    gratuitous: int
    served: int = 0
    virtual: bool = False
    proxy: bool = False
    points: tuple[str, ...] = ()
    evidence: Sequence[Evidence] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """One machine that asked for an address. ``asks`` counts its questions, ``unanswered`` those that none answered in time.

    ``point`` is where an answer to it would have been seen, "" where no such point was captured; ``blind`` says why
    silence there proves nothing. ``told``: the inventory or the link type says that the point is the asker's own;
    ``counted``: the capture tool there told what it dropped.
    """

    mac: str
    address: str
    node: str = ""
    asks: int
    unanswered: int
    first_ns: int
    last_ns: int
    point: str = ""
    blind: str = ""
    told: bool = False
    counted: bool = False
    points: tuple[str, ...] = ()
    evidence: Sequence[Evidence] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One conversation with an address that got no answer in a gap.

    ``fate``: "unanswered" (never again), "late" (answered after the gap), "reset" (the first answer after it was a RST).
    """

    src: str
    sport: int | None
    dport: int | None
    proto: int
    fate: str
    evidence: Sequence[Evidence] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch in which an address was wanted and nobody spoke for it.

    ``since_ns`` is the last sign of it (an ARP answer or a packet from it), ``first_ns`` the first thing left
    unanswered, ``until_ns`` the first answer afterwards; None where there was none in the capture. ``asks`` counts ARP
    questions, ``packets`` those that owed an answer.
    """

    since_ns: int | None
    first_ns: int
    until_ns: int | None
    asks: int
    packets: int
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubled:
    """Questions that two machines answered at once."""

    macs: tuple[str, ...]
    asks: int
    evidence: Sequence[Evidence] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """A cluster node that heard questions at ``point``, its own interface, and sent no answer there.

    ``asks`` counts those after which the point was listened to for as long as an answer may take.
    """

    node: str
    point: str
    asks: int
    evidence: Sequence[Evidence] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Everything ARP told of one address on one segment (the points that hear the same broadcasts).

    ``claims`` are in order of time; ``silent`` is told where there are none. ``spoke``: packets from the address were
    seen; ``tried``: somebody sent it packets.
    """

    address: str
    points: tuple[str, ...]
    askers: tuple[Asker, ...] = ()
    claims: tuple[Claim, ...] = ()
    gaps: tuple[Gap, ...] = ()
    doubled: Doubled | None = None
    silent: tuple[Quiet, ...] = ()
    every_node_silent: bool = False  # no node of the cluster that could have answered was left out
    spoke: bool = False
    tried: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arping:
    """What one run of arping printed. ``sent`` and ``received`` are None where its last lines are missing.

    ``macs`` holds the MAC address of each answer, in order; ``line`` is the line of ``file`` on which the run begins.
    """

    address: str
    sent: int | None = None
    received: int | None = None
    macs: tuple[str, ...] = ()
    node: str = ""
    interface: str = ""
    file: str = ""
    line: int = 1
    last_line: int = 1
