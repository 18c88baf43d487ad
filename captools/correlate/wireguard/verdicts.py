"""Verdicts: what the counts of frames between two nodes say of their encryption, and what all pairs together say.

``encrypted`` needs all of: data messages between the two (the positive control), no readable pod packet, nothing that
could be one, and cards that would have seen it. ``leaking`` needs one definite frame, and WireGuard seen or expected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from captools.model.encryption import LEAKS, OPEN_QUESTIONS, ClassCount, Encryption, Kind, Pair, Verdict

_NAMES = {
    Kind.POD: "packets of pods", Kind.OVERLAY: "packets of pods in a readable tunnel",
    Kind.OTHER: "readable packets with addresses that the inventory does not know",
    Kind.UNREAD: "packets of which too little was captured to say what they are",
    Kind.IPSEC: "ESP packets, which encrypt only if their keys say so",
}  # fmt: skip
_CLEAN = "WireGuard data was seen and no pod packet in clear, but"
_NODES_TOO = (
    "; cilium-config asks for node encryption too, yet {count} packets of the nodes themselves are readable (control-plane "
    "nodes are left out by default: see node-encryption-opt-out-labels)"
)


def of_pair(classes: Iterable[ClassCount], blind: str, *, on: bool, nodes_too: bool = False) -> tuple[Verdict, str]:
    """Return the verdict on two nodes, and why.

    ``blind`` says why a packet could have been missed; ``on``: encryption was seen or is expected; ``nodes_too``: the
    configuration asks for it between the nodes themselves.
    """
    counts = {one.kind: one for one in classes}
    verdict, reason = _of_pods(counts, blind, on)
    if nodes_too and Kind.NODE in counts:
        reason += _NODES_TOO.format(count=counts[Kind.NODE].packets)
    return verdict, reason


def _of_pods(counts: dict[Kind, ClassCount], blind: str, on: bool) -> tuple[Verdict, str]:
    data = counts[Kind.DATA].packets if Kind.DATA in counts else 0
    leaks = [counts[kind] for kind in (Kind.POD, Kind.OVERLAY) if kind in counts]
    if leaks:
        how = " and ".join(f"{one.packets} {_NAMES[one.kind]}" for one in leaks)
        if on:
            return Verdict.LEAKING, f"{how} readable at {', '.join(sorted({p for one in leaks for p in one.points}))}"
        return Verdict.NOT_ENCRYPTED, f"{how} readable, and WireGuard nowhere"
    if not data:
        return Verdict.UNKNOWN, "no pod traffic between the two was seen, neither in clear nor in WireGuard"
    if blind:
        return Verdict.UNKNOWN, f"{_CLEAN} {blind}"
    doubts = [counts[kind] for kind in (Kind.OTHER, Kind.UNREAD, Kind.IPSEC) if kind in counts]
    if doubts:
        how = " and ".join(f"{one.packets} {_NAMES[one.kind]}" for one in doubts)
        return Verdict.UNKNOWN, f"{_CLEAN} also {how}"
    return Verdict.ENCRYPTED, f"{data} datagrams of WireGuard data, no pod packet readable"


def overall(pairs: tuple[Pair, ...], weak: str, nothing: str) -> tuple[Verdict, str]:
    """Return the verdict over all pairs of nodes; ``weak``: what some card lacks, ``nothing``: the reason without pairs.

    Pairs between which nothing flowed that encryption is about take no part.
    """
    told = [one for one in pairs if one.verdict is not Verdict.UNKNOWN or _flowed(one)]
    data = sum(one.sightings for pair in pairs for one in pair.classes if one.kind is Kind.DATA)
    clear = sum(one.cleartext_packets for one in pairs)
    verdicts = {one.verdict for one in told}
    if Verdict.LEAKING in verdicts:
        return Verdict.LEAKING, (
            f"{clear} sightings of pod packets readable between nodes, beside {data} of WireGuard data"
            f" ({_listed(told, Verdict.LEAKING)})"
        )
    if Verdict.NOT_ENCRYPTED in verdicts:
        return Verdict.NOT_ENCRYPTED, f"{clear} sightings of pod packets readable between nodes and no WireGuard data"
    if not told:
        return Verdict.UNKNOWN, next((one.reason for one in pairs), nothing)
    doubtful = [one for one in told if one.verdict is Verdict.UNKNOWN]
    if doubtful:
        others = f" (so for {_listed(told, Verdict.UNKNOWN)})" if len(pairs) > 1 else ""
        return Verdict.UNKNOWN, doubtful[0].reason + others
    if weak:
        return Verdict.UNKNOWN, f"{_CLEAN} {weak}"
    return Verdict.ENCRYPTED, f"{data} sightings of WireGuard data and no pod packet readable between nodes"


def within(found: Encryption, unshown: str) -> Encryption:
    """Return what is left of a verdict where packets were not looked at; ``unshown`` says which (empty: none).

    Leaks stay leaks. That there are none, or no WireGuard, is then known of nobody.
    """
    if not unshown:
        return found
    reason = f"{_CLEAN} {unshown}"
    pairs = tuple(replace(one, verdict=Verdict.UNKNOWN, reason=reason) if one.verdict is Verdict.ENCRYPTED else one
                  for one in found.pairs)  # fmt: skip
    if found.verdict is not Verdict.ENCRYPTED:
        return replace(found, pairs=pairs)
    return replace(found, pairs=pairs, verdict=Verdict.UNKNOWN, reason=reason)


def _flowed(pair: Pair) -> bool:
    """Tell whether anything was seen that encryption is about, or that could be that."""
    about = LEAKS | OPEN_QUESTIONS | {Kind.DATA}
    return bool(pair.troubles) or any(one.kind in about for one in pair.classes)


def _listed(pairs: list[Pair], verdict: Verdict) -> str:
    return ", ".join(f"{one.a} and {one.b}" for one in pairs if one.verdict is verdict)
