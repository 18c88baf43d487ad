"""How choices fell: counts per backend, the shares that were to be expected, and what chance has to do with it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from captools.correlate.services.chance import chance
from captools.correlate.services.frontends import callers
from captools.correlate.services.policy import Choosing
from captools.model.evidence import Confidence, Evidence
from captools.model.services import Distribution, Policy, Share

# With fewer choices than this per backend any shares are usual: at five, one backend in 150 is left out by chance alone.
LEAST_PER_BACKEND = 5
# Turns are believed where lots would go round like this in fewer than one of ten thousand runs: 15 choices of two.
TURNS_BY_CHANCE = 1e-4
_BY_LOT = (Policy.RANDOM, Policy.WEIGHTED, Policy.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One that could be chosen: a backend, or all backends of a weighted target. ``weight`` is relative to the others'."""

    key: Hashable
    name: str
    address: str
    node: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice: when it was made, for whom, and the ``key`` of the candidate."""

    ts_ns: int
    client: str
    key: Hashable


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """Who chose among what: the parts of a Distribution that no count changes."""

    what: str  # "connection" or "request"
    name: str
    address: str
    port: int | None
    node: str
    confidence: Confidence
    named_by: str = ""
    points: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def distribution(
    balancer: Balancer,
    candidates: Sequence[Candidate],
    choices: Sequence[Choice],
    how: Choosing,
    *,
    unseen: int = 0,
    biased: str = "",
) -> Distribution | None:
    """Return how ``choices`` fell on ``candidates``; None where there are too few to speak of shares.

    Whoever was chosen and is no candidate becomes one without an expected share: then nothing is tested. ``biased`` says
    why what was seen may not be a fair sample, if so.
    """
    counts = Counter(one.key for one in choices)
    known = {one.key for one in candidates}
    others = [Candidate(key=key, name=str(key), address=str(key)) for key in counts if key not in known]
    every = [*candidates, *others]
    if len(every) < 2 or len(choices) < LEAST_PER_BACKEND * len(every):
        return None
    whole = sum(one.weight for one in candidates)
    tellable = not others and whole > 0 and how.policy in (*_BY_LOT, Policy.IN_TURN)
    shares = tuple(
        Share(
            name=one.name, address=one.address, node=one.node, count=counts[one.key],
            expected=one.weight / whole if tellable else None,
        )
        for one in every
    )  # fmt: skip
    turns = in_turn([one.key for one in sorted(choices, key=lambda one: one.ts_ns)], len(every))
    why_not = biased or _untested(how.policy, turns=turns, unseen=unseen, others=[one.name for one in others])
    probability = None if why_not else chance([one.count for one in shares], [one.expected or 0.0 for one in shares])
    return Distribution(
        what=balancer.what,
        name=balancer.name,
        address=balancer.address,
        port=balancer.port,
        node=balancer.node,
        shares=shares,
        clients=callers(one.client for one in choices),
        policy=how.policy,
        why=how.why,
        confidence=balancer.confidence,
        unseen=unseen,
        in_turn=turns,
        chance=probability,
        untested=why_not or ("" if probability is not None else "there are too many backends for so few choices"),
        named_by=balancer.named_by,
        points=balancer.points,
        evidence=balancer.evidence,
    )


def _untested(policy: Policy, *, turns: bool, unseen: int, others: list[str]) -> str:
    """Return why chance is no question here; the empty string where it is one."""
    if turns or policy is Policy.IN_TURN:
        return "they are given out in turn (round robin), which is no lot: chance is no question"
    if policy is Policy.STICKY:
        return "a client stays with its backend, so that the shares follow the clients and no lot"
    if policy is Policy.LOCAL:
        return "each node gives to its own backends only, so that the shares follow the nodes and no lot"
    if others:
        return f"{', '.join(others[:3])} is not among the backends that the inventory knows"
    if unseen:
        return f"of {unseen} more the captures do not show the backend, so that the shares are not the whole"
    return ""


def in_turn(keys: Sequence[Hashable], kinds: int) -> bool:
    """Tell whether choices went round among ``kinds`` candidates, always in the same order, for longer than lots would."""
    if len(set(keys[:kinds])) < kinds or math.factorial(kinds) / kinds ** len(keys) > TURNS_BY_CHANCE:
        return False
    return all(key == keys[at % kinds] for at, key in enumerate(keys))
